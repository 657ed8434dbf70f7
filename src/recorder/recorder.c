/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-recorder"

#include "regia/recorder/recorder.h"

#include "recording-private.h"
#include "recovery-private.h"
#include "regia/base/error.h"
#include "regia/config/config.h"
#include "regia/control/child.h"

#define PUBLISH_MS 500

/*
 * The recorder's process: the main context talks with the director, one thread records (recording.c), one
 * finishes what earlier shows left (recovery.c). The main context never waits for the disk.
 */
typedef struct {
  RegiaChild *child;         /* (owned) */
  RegiaConfig *config;       /* (owned) */
  RegiaRecording *recording; /* (owned) */
  RegiaRecovery *recovery;   /* (owned) */
  guint timer;
  GError *error; /* (owned) (nullable): why the recording ended unfinished */
} Recorder;

static void
publish (Recorder *self)
{
  g_autoptr (GVariant) state = g_variant_ref_sink (regia_recording_get_state (self->recording));
  GVariantDict dict;

  g_variant_dict_init (&dict, state);
  g_variant_dict_insert (&dict, "recovered", "t", (guint64)regia_recovery_get_count (self->recovery));
  regia_child_set_state (self->child, g_variant_dict_end (&dict));
}

static gboolean
publish_cb (gpointer user_data)
{
  publish (user_data);
  return G_SOURCE_CONTINUE;
}

static gboolean
ended_cb (gpointer user_data)
{
  Recorder *self = user_data;

  publish (self);
  if (self->error != NULL)
    g_warning ("%s", self->error->message);
  /* Not a failure of the process: there is nothing that a restart would mend, and the state says what is the
   * matter. */
  regia_child_stopped (self->child);
  return G_SOURCE_REMOVE;
}

/* On the recording's thread. */
static void
done_cb (const GError *error, gpointer user_data)
{
  Recorder *self = user_data;

  self->error = error != NULL ? g_error_copy (error) : NULL;
  g_main_context_invoke (NULL, ended_cb, self);
}

static void
stop_cb (RegiaChild *child, gboolean finish, gpointer user_data)
{
  Recorder *self = user_data;

  g_message (finish ? "the event is over; finishing the recording"
                    : "going away; the recording stays as it is");
  regia_recording_stop (self->recording, finish);
}

static gboolean
health_cb (char **ret_why, gpointer user_data)
{
  Recorder *self = user_data;

  return regia_recording_is_healthy (self->recording, ret_why);
}

/* Names of what is recorded: the first rendition, and the sound of every language. */
static char **
choose_tracks (const RegiaConfigValues *values)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  const RegiaConfigRendition *rendition = g_ptr_array_index (values->renditions, 0);
  g_autofree char *video = g_strconcat ("video/", rendition->name, NULL);

  g_strv_builder_add (names, video);
  for (guint i = 0; i < values->audios->len; i++) {
    const RegiaConfigAudio *audio = g_ptr_array_index (values->audios, i);
    g_autofree char *name = g_strconcat ("audio/", audio->language, NULL);

    g_strv_builder_add (names, name);
  }
  return g_strv_builder_end (names);
}

static void
start (Recorder *self)
{
  const RegiaConfigValues *values = regia_config_get (self->config);
  g_auto (GStrv) tracks = choose_tracks (values);
  RegiaRecordingOptions options = {
      .disk = regia_disk_real (),
      .recordings = regia_child_get_recordings_dir (self->child),
      .session = regia_child_get_session (self->child),
      .title = values->name,
      .place = values->place,
      .feed_path = regia_child_get_feed_path (self->child),
      .tracks = (const char *const *)tracks,
      .epoch = *regia_child_get_epoch (self->child),
      .reserve_bytes = values->reserve_bytes,
      .memory_ms = values->feed_seconds * 1000,
  };

  self->recording = regia_recording_new (&options, done_cb, self);
  self->recovery = regia_recovery_new (options.recordings, options.session);
  self->timer = g_timeout_add (PUBLISH_MS, publish_cb, self);
  regia_child_set_health (self->child, health_cb, self);
  publish (self);
}

static void
recorder_clear (Recorder *self)
{
  if (self->timer != 0)
    g_source_remove (self->timer);
  g_clear_pointer (&self->recording, regia_recording_free);
  g_clear_pointer (&self->recovery, regia_recovery_free);
  g_clear_pointer (&self->config, regia_config_unref);
  g_clear_pointer (&self->child, regia_child_free);
  g_clear_error (&self->error);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Recorder, recorder_clear)

int
regia_recorder_main (int argc, char **argv)
{
  g_auto (Recorder) self = {0};
  g_autoptr (GError) error = NULL;

  self.child = regia_child_new (argc, argv, &error);
  if (self.child == NULL) {
    g_printerr ("regia: %s\n", error->message);
    return regia_error_exit_status (error);
  }
  self.config = regia_config_load (regia_child_get_event_path (self.child),
                                   regia_child_get_base_dir (self.child), &error);
  if (self.config == NULL) {
    g_warning ("%s", error->message);
    return regia_error_exit_status (error);
  }
  start (&self);
  return regia_child_run (self.child, stop_cb, &self);
}
