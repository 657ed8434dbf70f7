/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "editor-private.h"

#include "regia/base/error.h"

/* Waits in the queue, is done by a thread, is answered. */
typedef struct {
  RegiaEdit *edit; /* (owned) */
  char *who;       /* (owned) */
  RegiaControlCommandedFunc done;
  gpointer data;
} Job;

struct _RegiaEditor {
  RegiaEditorChangedFunc changed;
  gpointer user_data;
  GCancellable *cancellable; /* (owned) */
  GQueue jobs;               /* (element-type Job): the one that is being done first */
};

static void
job_free (Job *job)
{
  regia_edit_free (job->edit);
  g_free (job->who);
  g_free (job);
}

static void
work_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  GError *error = NULL;
  GVariant *result = regia_edit_perform (task_data, &error);

  if (result != NULL)
    g_task_return_pointer (task, result, (GDestroyNotify)g_variant_unref);
  else
    g_task_return_error (task, error);
}

static void begin (RegiaEditor *self);

static void
note (RegiaEditor *self, const Job *job, GVariant *result)
{
  const char *outcome = "";
  g_autofree char *what = NULL;

  g_variant_lookup (result, "outcome", "&s", &outcome);
  if (!g_str_equal (outcome, "made") && !g_str_equal (outcome, "written") &&
      !g_str_equal (outcome, "removed"))
    return;
  what = g_strdup_printf ("%s %s", outcome, job->edit->name);
  self->changed (job->who, what, self->user_data);
}

static void
worked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer = g_task_propagate_pointer (G_TASK (result), &error);
  RegiaEditor *self;
  Job *job;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return; /* the editor is gone */
  self = user_data;
  job = g_queue_pop_head (&self->jobs);
  if (answer != NULL)
    note (self, job, answer);
  job->done (answer, error, job->data);
  job_free (job);
  begin (self);
}

/* The task has a copy: the job is freed with the editor, which does not wait for the thread. */
static RegiaEdit *
edit_copy (const RegiaEdit *edit)
{
  RegiaEdit *copy = g_new (RegiaEdit, 1);

  *copy = (RegiaEdit){edit->action,
                      g_strdup (edit->name),
                      g_strdup (edit->text),
                      g_strdup (edit->version),
                      g_strdup (edit->from),
                      g_strdup (edit->events_dir),
                      g_strdup (edit->hall_path),
                      g_strdup (edit->running)};
  return copy;
}

static void
begin (RegiaEditor *self)
{
  const Job *job = g_queue_peek_head (&self->jobs);
  g_autoptr (GTask) task = NULL;

  if (job == NULL)
    return;
  task = g_task_new (NULL, self->cancellable, worked_cb, self);
  g_task_set_check_cancellable (task, TRUE);
  g_task_set_task_data (task, edit_copy (job->edit), (GDestroyNotify)regia_edit_free);
  g_task_run_in_thread (task, work_thread);
}

void
regia_editor_do (RegiaEditor *self, RegiaEdit *edit, const char *who, RegiaControlCommandedFunc done,
                 gpointer data)
{
  Job *job;

  if (self->jobs.length >= REGIA_EDITOR_QUEUE) {
    g_autoptr (GError) error =
        g_error_new_literal (REGIA_ERROR, REGIA_ERROR_STATE,
                             "the disk of the event files does not keep up; try again in some seconds");

    regia_edit_free (edit);
    done (NULL, error, data);
    return;
  }
  job = g_new (Job, 1);
  *job = (Job){edit, g_strdup (who), done, data};
  g_queue_push_tail (&self->jobs, job);
  if (self->jobs.length == 1)
    begin (self);
}

RegiaEditor *
regia_editor_new (RegiaEditorChangedFunc changed, gpointer user_data)
{
  RegiaEditor *self = g_new0 (RegiaEditor, 1);

  self->changed = changed;
  self->user_data = user_data;
  self->cancellable = g_cancellable_new ();
  g_queue_init (&self->jobs);
  return self;
}

void
regia_editor_free (RegiaEditor *self)
{
  g_autoptr (GError) error = NULL;
  Job *job;

  if (self == NULL)
    return;
  g_cancellable_cancel (self->cancellable);
  error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CLOSED, "Regia goes away");
  while ((job = g_queue_pop_head (&self->jobs)) != NULL) {
    job->done (NULL, error, job->data);
    job_free (job);
  }
  g_object_unref (self->cancellable);
  g_free (self);
}
