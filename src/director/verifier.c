/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "verifier-private.h"

#include "regia/base/thread.h"
#include "regia/director/password.h"

/* Made and freed on the main context; the thread has it from the asking until it has attached the source. */
typedef struct {
  RegiaVerifier *verifier;
  char *password; /* (owned) */
  char *hash;     /* (owned) (nullable) */
  gboolean right;
  GSource *answer; /* (owned) (nullable) */
  RegiaVerifiedFunc done;
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
  g_clear_pointer (&job->answer, g_source_unref);
  g_free (job);
}

static gboolean
answer_cb (gpointer user_data)
{
  Job *job = user_data;
  RegiaVerifiedFunc done = job->done;
  gpointer data = job->user_data;
  gboolean right = job->right;

  g_ptr_array_remove (job->verifier->jobs, job);
  done (right, data);
  return G_SOURCE_REMOVE;
}

static void
compare (gpointer data, gpointer user_data)
{
  Job *job = data;

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
  if (self == NULL)
    return;
  g_thread_pool_free (self->pool, TRUE, TRUE);
  for (guint i = 0; i < self->jobs->len; i++) {
    Job *job = g_ptr_array_index (self->jobs, i);

    if (job->answer != NULL)
      g_source_destroy (job->answer);
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

void
regia_verifier_ask (RegiaVerifier *self, const char *password, const char *hash, RegiaVerifiedFunc done,
                    gpointer user_data)
{
  Job *job;

  REGIA_ON_THREAD (NULL);
  job = g_new0 (Job, 1);
  job->verifier = self;
  job->password = g_strdup (password);
  job->hash = g_strdup (hash);
  job->done = done;
  job->user_data = user_data;
  g_ptr_array_add (self->jobs, job);
  g_thread_pool_push (self->pool, job, NULL);
}
