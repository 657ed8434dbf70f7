/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-recorder"

#include "regia/recorder/recorder.h"

#include "recording-private.h"
#include "recovery-private.h"
#include "regia/config/part.h"
#include "regia/control/child.h"
#include "regia/control/paths.h"

#define PUBLISH_MS 500

/*
 * The recorder's process: the main context talks with the director, one thread records (recording.c), one
 * finishes what earlier shows left (recovery.c). The main context never waits for the disk.
 */
typedef struct {
  RegiaChild *child;
  RegiaConfig *config;       /* (owned) */
  RegiaFeedLink *feed;       /* (owned) */
  RegiaRecording *recording; /* (owned) */
  RegiaRecovery *recovery;   /* (owned) */
  guint64 applied;           /* as last told */
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
  if (regia_recording_get_applied (self->recording) != self->applied) {
    self->applied = regia_recording_get_applied (self->recording);
    regia_child_set_applied (self->child, self->applied);
  }
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

/* In effect when the recording's thread has taken it up, see publish(). */
static gboolean
apply_cb (RegiaChild *child, GVariant *part, gpointer user_data)
{
  Recorder *self = user_data;
  g_autoptr (RegiaWanted) wanted = regia_wanted_new (part);

  regia_recording_set_wanted (self->recording, wanted);
  return FALSE;
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
use_feed_cb (int fd, gpointer data)
{
  regia_feed_link_use (((Recorder *)data)->feed, fd);
}

static gboolean
start_cb (RegiaChild *child, gpointer user_data, GError **error)
{
  Recorder *self = user_data;
  const RegiaConfigValues *values;
  g_auto (GStrv) tracks = NULL;
  g_autoptr (RegiaWanted) wanted = regia_wanted_new (regia_child_get_part (child));
  RegiaRecordingOptions options = {.disk = regia_disk_real ()};

  self->child = child;
  self->config = regia_config_of_process (regia_child_get_part (child), error);
  if (self->config == NULL)
    return FALSE;
  values = regia_config_get (self->config);
  tracks = choose_tracks (values);
  options.recordings = regia_child_get_recordings_dir (child);
  options.session = regia_child_get_session (child);
  options.title = values->name;
  options.place = values->place;
  options.feed = self->feed = regia_feed_link_new ();
  options.tracks = (const char *const *)tracks;
  options.epoch = *regia_child_get_epoch (child);
  options.reserve_bytes = values->reserve_bytes;
  options.memory_ms = values->feed_seconds * 1000;
  options.wanted = wanted;
  self->recording = regia_recording_new (&options, done_cb, self);
  self->recovery = regia_recovery_new (options.recordings, options.session);
  self->timer = g_timeout_add (PUBLISH_MS, publish_cb, self);
  publish (self);
  return TRUE;
}

static void
clear_cb (gpointer user_data)
{
  Recorder *self = user_data;

  if (self->timer != 0)
    g_source_remove (self->timer);
  g_clear_pointer (&self->recording, regia_recording_free);
  g_clear_pointer (&self->feed, regia_feed_link_unref);
  g_clear_pointer (&self->recovery, regia_recovery_free);
  g_clear_pointer (&self->config, regia_config_unref);
  g_clear_error (&self->error);
}

const RegiaChildClass regia_recorder_class = {
    .kind = "recorder",
    .size = sizeof (Recorder),
    .start = start_cb,
    .use_feed = use_feed_cb,
    .apply = apply_cb,
    .stop = stop_cb,
    .health = health_cb,
    .clear = clear_cb,
};
