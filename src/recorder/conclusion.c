/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-recorder"

#include "conclusion-private.h"

#include <errno.h>
#include <unistd.h>

#include "finish-private.h"
#include "missing-private.h"
#include "regia/base/clock.h"
#include "regia/base/error.h"

static void
finish_progress_cb (guint percent, gpointer user_data)
{
  const RegiaConclusion *self = user_data;

  regia_recorder_status_set_percent (self->status, percent);
}

static void
show_files (const RegiaConclusion *self, RegiaSession *session)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  for (guint i = 0; i < session->files->len; i++)
    g_ptr_array_add (names, ((RegiaSessionFile *)g_ptr_array_index (session->files, i))->name);
  g_ptr_array_add (names, NULL);
  regia_recorder_status_set_files (self->status, (const char *const *)names->pdata);
}

/* An event during which nothing came leaves no item in the library. */
static void
discard (const RegiaConclusion *self)
{
  g_autofree char *live = regia_store_path (self->store, REGIA_SESSION_LIVE);
  static const char *const records[] = {REGIA_SESSION_FILE, REGIA_SESSION_PRIVATE};

  for (guint i = 0; i < G_N_ELEMENTS (records); i++) {
    g_autofree char *record = regia_store_path (self->store, records[i]);

    if (unlink (record) != 0 && errno != ENOENT)
      g_info ("%s: %s", record, g_strerror (errno));
  }
  if ((rmdir (live) != 0 && errno != ENOENT) || rmdir (regia_store_get_folder (self->store)) != 0)
    g_info ("%s: %s", regia_store_get_folder (self->store), g_strerror (errno));
  regia_recorder_status_set_phase (self->status, REGIA_PHASE_FINISHED, "Nothing was recorded");
}

/* What finishing says, and what it cannot know. */
static char *
end_in_words (const RegiaConclusion *self, const char *message)
{
  if (self->unrecorded_ns == 0)
    return g_strdup (message);
  return g_strdup_printf ("%s%sThe last %.0f s of the event were not recorded, because " REGIA_REASON_DISK,
                          message, message[0] != '\0' ? ". " : "",
                          (double)self->unrecorded_ns / REGIA_SECOND);
}

/* Why it could not be finished, and that nothing is lost by it. */
static char *
unfinished_in_words (const RegiaConclusion *self, const GError *error)
{
  const RegiaDisk *disk = self->disk;
  g_autofree char *words = NULL;

  if (regia_disk_is_full (error) && error->domain != REGIA_ERROR)
    words = g_strdup_printf ("%s; %s in %s, and the next start finishes it", error->message,
                             disk->free_files (disk, self->recordings) == 0
                                 ? "no inodes are left: remove files, however small,"
                                 : "free up space",
                             self->recordings);
  return end_in_words (self, words != NULL ? words : error->message);
}

gboolean
regia_conclusion_run (const RegiaConclusion *self, RegiaSession *recorded, GError **error)
{
  g_autoptr (RegiaSession) session = NULL;
  g_autoptr (GError) local_error = NULL;
  g_autofree char *words = NULL;

  if (recorded->parts->len == 0 && recorded->files->len == 0) {
    g_autofree char *why = self->blocked ? regia_recorder_status_dup_message (self->status) : NULL;

    discard (self);
    /* Not for want of something to record. */
    if (why != NULL)
      regia_recorder_status_set_phase (self->status, REGIA_PHASE_DISK_ERROR, why);
    return TRUE;
  }
  regia_recorder_status_set_phase (self->status, REGIA_PHASE_FINISHING, "");
  regia_recorder_status_enter_disk (self->status);
  session =
      regia_finish_run (self->store, finish_progress_cb, (gpointer)self, self->cancellable, &local_error);
  if (session == NULL)
    words = unfinished_in_words (self, local_error);
  regia_recorder_status_leave_disk (self->status);
  if (session == NULL) {
    regia_recorder_status_set_phase (
        self->status, regia_disk_is_full (local_error) ? REGIA_PHASE_NO_SPACE : REGIA_PHASE_DISK_ERROR,
        words);
    g_propagate_error (error, g_steal_pointer (&local_error));
    return FALSE;
  }
  show_files (self, session);
  regia_recorder_status_set_loss (self->status, "",
                                  self->unrecorded_ns > 0 || !regia_missing_is_whole (session));
  regia_recorder_status_set_gaps (self->status, session->gaps_total, session->gap_ms);
  regia_recorder_status_set_percent (self->status, 100);
  words = end_in_words (self, session->message);
  regia_recorder_status_set_phase (self->status, REGIA_PHASE_FINISHED, words);
  return TRUE;
}
