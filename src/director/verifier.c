/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "verifier-private.h"

#include "regia/base/thread.h"
#include "regia/director/password.h"

/* Made and freed on the main context; the thread has it from the asking until it has attached the source. */
typedef struct {
  RegiaVerifier *verifier;
  char *password; /* (owned) */
  char *hash;     /* (owned) (nullable): compared with, or made */
  char *name;     /* (owned) (nullable): whose hash is made; of one that is compared there is none */
  GError *error;  /* (owned) (nullable) */
  gboolean right;
  GSource *answer; /* (owned) (nullable) */
  RegiaVerifiedFunc done;
  RegiaVerifierHashedFunc hashed;
  gpointer user_data;
} Job;

struct _RegiaVerifier {
  GThreadPool *pool; /* (owned): one thread */
  GPtrArray *jobs;   /* (owned) (element-type Job): not answered yet */
};

static void
job_free (Job *job)
{
  regia_password_wipe (job->password);
  g_free (job->hash);
  g_free (job->name);
  g_clear_error (&job->error);
  g_clear_pointer (&job->answer, g_source_unref);
  g_free (job);
}

static gboolean
answer_cb (gpointer user_data)
{
  Job *job = user_data;
  guint at;

  /* it is none of those any more when it answers: another may be asked for from there */
  if (g_ptr_array_find (job->verifier->jobs, job, &at))
    g_ptr_array_steal_index (job->verifier->jobs, at);
  if (job->hashed != NULL)
    job->hashed (job->hash, job->error, job->user_data);
  else
    job->done (job->right, job->user_data);
  job_free (job);
  return G_SOURCE_REMOVE;
}

static void
compare (gpointer data, gpointer user_data)
{
  Job *job = data;

  if (job->hashed != NULL)
    job->hash = regia_password_hash (job->name, job->password, &job->error);
  else
    job->right = regia_password_is_right (job->password, job->hash);
  job->answer = g_idle_source_new ();
  g_source_set_priority (job->answer, G_PRIORITY_DEFAULT);
  g_source_set_callback (job->answer, answer_cb, job, NULL);
  g_source_attach (job->answer, NULL);
}

RegiaVerifier *
regia_verifier_new (void)
{
  RegiaVerifier *self = g_new0 (RegiaVerifier, 1);

  self->jobs = g_ptr_array_new_with_free_func ((GDestroyNotify)job_free);
  self->pool = g_thread_pool_new (compare, NULL, 1, FALSE, NULL);
  return self;
}

void
regia_verifier_free (RegiaVerifier *self)
{
  g_autoptr (GError) closed = NULL;

  if (self == NULL)
    return;
  closed = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CLOSED, "Regia goes away");
  g_thread_pool_free (self->pool, TRUE, TRUE);
  for (guint i = 0; i < self->jobs->len; i++) {
    Job *job = g_ptr_array_index (self->jobs, i);

    if (job->answer != NULL)
      g_source_destroy (job->answer);
    if (job->hashed != NULL)
      job->hashed (NULL, closed, job->user_data);
    else
      job->done (FALSE, job->user_data);
  }
  g_ptr_array_unref (self->jobs);
  g_free (self);
}

guint
regia_verifier_count (RegiaVerifier *self)
{
  return self->jobs->len;
}

static Job *
job_new (RegiaVerifier *self, const char *password, gpointer user_data)
{
  Job *job = g_new0 (Job, 1);

  job->verifier = self;
  job->password = g_strdup (password);
  job->user_data = user_data;
  g_ptr_array_add (self->jobs, job);
  return job;
}

void
regia_verifier_ask (RegiaVerifier *self, const char *password, const char *hash, RegiaVerifiedFunc done,
                    gpointer user_data)
{
  Job *job;

  REGIA_ON_THREAD (NULL);
  job = job_new (self, password, user_data);
  job->hash = g_strdup (hash);
  job->done = done;
  g_thread_pool_push (self->pool, job, NULL);
}

void
regia_verifier_hash (RegiaVerifier *self, const char *name, const char *password,
                     RegiaVerifierHashedFunc done, gpointer user_data)
{
  Job *job;

  REGIA_ON_THREAD (NULL);
  job = job_new (self, password, user_data);
  job->name = g_strdup (name);
  job->hashed = done;
  g_thread_pool_push (self->pool, job, NULL);
}
