/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "run-private.h"

#include <gst/base/gstbasesrc.h>

#include "grid-private.h"
#include "hand-over-private.h"
#include "ingest-private.h"
#include "iso-tap-private.h"
#include "launch-private.h"
#include "links-private.h"
#include "regia/base/error.h"
#include "regia/base/scrub.h"
#include "words-private.h"

/*
 * RegiaRun is one life of a source. Life cycle: regia_run_start() makes the thread; the thread parses the
 * plan's text, appends the conversion to the programme's formats behind the elements called `video` and
 * `audio`, plays, then waits on the pipeline's bus until the stream ends, an element gives up, or
 * regia_run_stop() is called; then it shuts the pipeline down and ends.
 *
 * Owner: RegiaSource, and the thread itself (one reference each), so a run whose shutdown hangs can be left
 * behind: it holds what it needs and reaches nobody but its targets, from which the hand-over is cut off.
 *
 * Threads: the run's thread owns pipeline and bus; streaming threads come no further than the hand-over.
 * Lock: `lock` is a leaf; nothing is called while it is held.
 *
 * Time: the pipeline runs by the system's monotonic clock with a base time of its own, so that its first
 * buffer has running time 0 as elements expect. Show time = running time + base time − epoch. The base time
 * is the beginning of a frame of the programme, so frames made or played here need not be moved at all.
 * Sources that are not live are slowed to the clock by their appsink; live ones are not held up at all.
 */

#define WAKE_MESSAGE      "regia-stop"
#define REST_INTERVAL     GST_SECOND
#define PREROLL_INTERVALS 10

struct _RegiaRun {
  gatomicrefcount ref_count;
  RegiaRunPlan *plan; /* (owned), immutable */
  gboolean segment_loop;
  RegiaHandOver hand_over; /* has a lock of its own */
  RegiaIsoTap *iso;        /* (owned) (nullable) constant once it plays */

  GstElement *pipeline; /* (owned) made by the thread before it plays; constant then */
  GstBus *bus;          /* (owned) made before the thread starts */

  GMutex lock; /* guards what follows */
  GCond gone;
  RegiaLinks *links; /* (owned) (nullable) */
  RegiaRunInfo info;
  char *error;
  char *missing; /* (nullable) see note_missing(); written by the thread alone */
  char *waits;   /* (nullable) what it waits for, in words */
  gboolean stopping;
  gboolean seek_refused;
};

RegiaRunPlan *
regia_run_plan_new (void)
{
  RegiaRunPlan *self = g_new0 (RegiaRunPlan, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->video_targets = g_ptr_array_new_with_free_func (gst_object_unref);
  self->audio_targets = g_ptr_array_new_with_free_func (gst_object_unref);
  self->decoders = regia_decoders_new ();
  return self;
}

RegiaRunPlan *
regia_run_plan_ref (RegiaRunPlan *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
regia_run_plan_unref (RegiaRunPlan *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->name);
  g_free (self->where);
  g_free (self->text);
  g_strfreev (self->secrets);
  g_free (self->video_caps);
  g_free (self->audio_caps);
  g_ptr_array_unref (self->video_targets);
  g_ptr_array_unref (self->audio_targets);
  regia_meter_unref (self->meter);
  regia_mix_wait_unref (self->wait);
  regia_preview_unref (self->preview);
  regia_decoders_unref (self->decoders);
  regia_iso_unref (self->iso);
  g_free (self);
}

RegiaRunPlan *
regia_run_plan_renew (RegiaRunPlan *self, const char *text, gboolean sender_clock, gboolean find_plugins)
{
  RegiaRunPlan *plan = g_new0 (RegiaRunPlan, 1);

  *plan = *self;
  g_atomic_ref_count_init (&plan->ref_count);
  plan->name = g_strdup (self->name);
  plan->where = g_strdup (self->where);
  plan->text = g_strdup (text);
  plan->secrets = NULL;
  plan->video_caps = g_strdup (self->video_caps);
  plan->audio_caps = g_strdup (self->audio_caps);
  plan->sender_clock = sender_clock;
  plan->find_plugins = find_plugins;
  plan->decoders = regia_decoders_ref (self->decoders);
  plan->video_targets = g_ptr_array_ref (self->video_targets);
  plan->audio_targets = g_ptr_array_ref (self->audio_targets);
  plan->wait = self->wait ? regia_mix_wait_ref (self->wait) : NULL;
  plan->meter = self->meter ? regia_meter_ref (self->meter) : NULL;
  plan->preview = self->preview ? regia_preview_ref (self->preview) : NULL;
  plan->iso = self->iso ? regia_iso_ref (self->iso) : NULL;
  return plan;
}

static void
run_unref (RegiaRun *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_pointer (&self->pipeline, gst_object_unref);
  regia_links_free (self->links);
  regia_iso_tap_free (self->iso);
  gst_object_unref (self->bus);
  regia_hand_over_clear (&self->hand_over);
  regia_run_plan_unref (self->plan);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->gone);
  g_free (self->error);
  g_free (self->missing);
  g_free (self->waits);
  g_free (self);
}

/* rtmp2src, which is paced by a server, does not say that it is live. Nobody else's clock can be slowed to
 * ours. */
static void
say_live_cb (const GValue *value, gpointer unused)
{
  GstElement *element = g_value_get_object (value);

  if (GST_IS_BASE_SRC (element))
    gst_base_src_set_live (GST_BASE_SRC (element), TRUE);
}

static void
say_live (GstBin *bin)
{
  GstIterator *sources = gst_bin_iterate_sources (bin);

  gst_iterator_foreach (sources, say_live_cb, NULL);
  gst_iterator_free (sources);
}

static gboolean
build (RegiaRun *self, GError **error)
{
  g_autoptr (GstClock) clock = gst_system_clock_obtain ();
  RegiaLinks *links;
  GstElement *bin;

  if (self->plan->find_plugins)
    regia_launch_find_plugins ();
  bin = regia_launch_parse (self->plan->text, self->plan->where, error);
  if (bin == NULL)
    return FALSE;
  self->pipeline = gst_object_ref_sink (gst_pipeline_new (NULL));
  gst_bin_add (GST_BIN (self->pipeline), bin);
  if (self->plan->sender_clock)
    say_live (GST_BIN (bin));
  regia_ingest_link (GST_BIN (bin), self->plan->ingest_fd);
  regia_decoders_watch (self->plan->decoders, GST_BIN (self->pipeline));
  if (self->plan->iso) {
    self->iso = regia_iso_tap_new (self->plan->iso);
    regia_iso_tap_watch (self->iso, GST_BIN (bin));
  }
  links = regia_links_new (GST_BIN (bin));
  g_mutex_lock (&self->lock);
  self->links = links;
  g_mutex_unlock (&self->lock);
  gst_pipeline_use_clock (GST_PIPELINE (self->pipeline), clock);
  gst_element_set_start_time (self->pipeline, GST_CLOCK_TIME_NONE); /* its base time is set by play() */
  gst_element_set_bus (self->pipeline, self->bus);
  self->hand_over.pipeline = self->pipeline;
  self->hand_over.iso = self->iso;
  return regia_hand_over_append (&self->hand_over, REGIA_HAND_OVER_VIDEO, error) &&
         regia_hand_over_append (&self->hand_over, REGIA_HAND_OVER_AUDIO, error);
}

/* @message may be another library's: nothing secret gets further than here. */
static void
fail (RegiaRun *self, RegiaRunEnd end, const char *message)
{
  g_autofree char *clean = regia_scrub (message, (const char *const *)self->plan->secrets);

  g_debug ("%s: %s", self->plan->name, clean);
  g_mutex_lock (&self->lock);
  self->info.ended = TRUE;
  self->info.end = end;
  g_free (self->error);
  self->error = g_steal_pointer (&clean);
  g_mutex_unlock (&self->lock);
}

static void
fail_with_message (RegiaRun *self, GstMessage *message)
{
  RegiaHandOverStats stats;
  gboolean unavailable, again;
  g_autofree char *words = NULL;

  regia_hand_over_get_stats (&self->hand_over, &stats);
  words = regia_words_of_error (message, self->pipeline, self->missing, &unavailable);
  again = regia_decoders_blame (self->plan->decoders, message, stats.decoded_ns[REGIA_HAND_OVER_VIDEO] != 0);
  g_mutex_lock (&self->lock);
  self->info.again = again;
  g_mutex_unlock (&self->lock);
  fail (self, unavailable && !again ? REGIA_RUN_UNAVAILABLE : REGIA_RUN_ERROR, words);
}

/* A decoder that is not installed is told of before it is known whether anything can be shown without it. */
static void
note_missing (RegiaRun *self, GstMessage *message)
{
  char *words = regia_words_of_missing (message);

  if (words == NULL)
    return;
  g_mutex_lock (&self->lock);
  g_free (self->missing);
  self->missing = words;
  g_mutex_unlock (&self->lock);
}

static gboolean
has_decoded (RegiaRun *self)
{
  RegiaHandOverStats stats;

  regia_hand_over_get_stats (&self->hand_over, &stats);
  return stats.decoded_ns[0] != 0 || stats.decoded_ns[1] != 0;
}

/* Its end; or, when nothing could be decoded, what was missing for it. */
static void
end (RegiaRun *self)
{
  if (self->missing && !has_decoded (self))
    fail (self, REGIA_RUN_UNAVAILABLE, self->missing);
  else
    fail (self, REGIA_RUN_ENDED, "the stream has ended");
}

static gboolean
is_stopping (RegiaRun *self)
{
  gboolean stopping;

  g_mutex_lock (&self->lock);
  stopping = self->stopping;
  g_mutex_unlock (&self->lock);
  return stopping;
}

static void
take_level (RegiaRun *self, const GstStructure *structure)
{
  const GValue *value = gst_structure_get_value (structure, "peak");
  GValueArray *channels = value ? g_value_get_boxed (value) : NULL;
  double level_db = -120;

  G_GNUC_BEGIN_IGNORE_DEPRECATIONS
  for (guint i = 0; channels && i < channels->n_values; i++)
    level_db = MAX (level_db, g_value_get_double (g_value_array_get_nth (channels, i)));
  G_GNUC_END_IGNORE_DEPRECATIONS
  g_mutex_lock (&self->lock);
  self->info.level_db = level_db;
  g_mutex_unlock (&self->lock);
}

/* Of the threads that move data, some have stopped that read a file by themselves, and none works. */
static gboolean
do_all_threads_rest (RegiaRun *self)
{
  GstIterator *elements = gst_bin_iterate_recurse (GST_BIN (self->pipeline));
  GValue value = G_VALUE_INIT;
  gboolean rests = FALSE, works = FALSE;

  while (!works && gst_iterator_next (elements, &value) == GST_ITERATOR_OK) {
    GstElement *element = g_value_get_object (&value);

    GST_OBJECT_LOCK (element);
    for (GList *l = element->pads; l; l = l->next) {
      GstTaskState state = gst_pad_get_task_state (l->data);

      works |= state == GST_TASK_STARTED;
      rests |= state == GST_TASK_PAUSED && GST_PAD_MODE (l->data) == GST_PAD_MODE_PULL;
    }
    GST_OBJECT_UNLOCK (element);
    g_value_reset (&value);
  }
  gst_iterator_free (elements);
  return rests && !works;
}

/*
 * decodebin (all of 1.x) drops an error that a demuxer reports in the instant in which it is plugged in: then
 * nothing ever comes, and nothing says so. %TRUE, and the run has failed, when that is seen twice in a row.
 * Called after an interval without a message; @rested counts, and belongs to this function.
 */
static gboolean
fail_at_rest (RegiaRun *self, guint *rested)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstMessage) message = NULL;

  *rested = !has_decoded (self) && do_all_threads_rest (self) ? *rested + 1 : 0;
  if (*rested < 2)
    return FALSE;
  error = g_error_new_literal (GST_STREAM_ERROR, GST_STREAM_ERROR_DEMUX, "stopped without a word");
  message = gst_message_new_error (GST_OBJECT (self->pipeline), error, NULL);
  fail_with_message (self, message);
  return TRUE;
}

static void
take_waits (RegiaRun *self, const GstStructure *structure)
{
  const char *words = gst_structure_get_string (structure, "words");

  g_mutex_lock (&self->lock);
  self->info.waits = words && *words;
  if (!self->info.waits)
    self->info.came_ns = regia_clock_monotonic_ns ();
  g_free (self->waits);
  self->waits = self->info.waits ? g_strdup (words) : NULL;
  g_mutex_unlock (&self->lock);
}

/* Waits for the first decoded buffer of a source that is not live. FALSE when the run is over before. */
static gboolean
wait_for_preroll (RegiaRun *self)
{
  guint intervals = 0, rested = 0;

  while (intervals < PREROLL_INTERVALS) {
    g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (
        self->bus, REST_INTERVAL,
        GST_MESSAGE_ERROR | GST_MESSAGE_EOS | GST_MESSAGE_APPLICATION | GST_MESSAGE_ELEMENT);

    if (message == NULL) {
      if (fail_at_rest (self, &rested))
        return FALSE;
      intervals++;
      continue;
    }
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
      fail_with_message (self, message);
      return FALSE;
    }
    note_missing (self, message);
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS)
      end (self);
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS || gst_message_has_name (message, WAKE_MESSAGE))
      return FALSE;
    if (gst_message_has_name (message, REGIA_HAND_OVER_PREROLL))
      return TRUE;
  }
  return TRUE; /* let it play: its owner's own deadline decides */
}

static gboolean
seek_segment (RegiaRun *self, GstSeekFlags flags)
{
  return gst_element_seek (self->pipeline, 1.0, GST_FORMAT_TIME, GST_SEEK_FLAG_SEGMENT | flags,
                           GST_SEEK_TYPE_SET, 0, GST_SEEK_TYPE_NONE, -1);
}

static gboolean
is_seekable (RegiaRun *self)
{
  g_autoptr (GstQuery) query = gst_query_new_seeking (GST_FORMAT_TIME);
  gboolean seekable = FALSE;

  if (gst_element_query (self->pipeline, query))
    gst_query_parse_seeking (query, NULL, &seekable, NULL, NULL);
  return seekable;
}

/* Not in the future: GStreamer's live sources reckon with unsigned times. */
static void
set_base_time (RegiaRun *self)
{
  const RegiaRunPlan *plan = self->plan;
  gint64 now_ns = regia_epoch_show_time (&plan->epoch);
  gint64 next = regia_grid_frame_after (now_ns, plan->rate_num, plan->rate_den);

  gst_element_set_base_time (
      self->pipeline,
      (GstClockTime)(plan->epoch.monotonic_ns + regia_grid_time (next - 1, plan->rate_num, plan->rate_den)));
}

/* %FALSE when the run ended at once. */
static gboolean
play (RegiaRun *self)
{
  GstStateChangeReturn change = gst_element_set_state (self->pipeline, GST_STATE_PAUSED);
  gboolean live = change == GST_STATE_CHANGE_NO_PREROLL;

  g_mutex_lock (&self->lock);
  self->info.live = live;
  g_mutex_unlock (&self->lock);
  if (live)
    regia_hand_over_set_live (&self->hand_over);
  else if (change != GST_STATE_CHANGE_FAILURE) {
    if (!wait_for_preroll (self))
      return FALSE;
    if (self->segment_loop && is_seekable (self) && !seek_segment (self, GST_SEEK_FLAG_FLUSH)) {
      /* A demuxer that refuses may be damaged by having been asked: start anew and do not ask again. */
      g_mutex_lock (&self->lock);
      self->seek_refused = TRUE;
      g_mutex_unlock (&self->lock);
      return FALSE;
    }
  }
  set_base_time (self);
  if (change == GST_STATE_CHANGE_FAILURE ||
      gst_element_set_state (self->pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
    g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (self->bus, 0, GST_MESSAGE_ERROR);
    g_autofree char *silence = message ? NULL : regia_words_of_silence (self->pipeline);

    if (message)
      fail_with_message (self, message);
    else
      fail (self, REGIA_RUN_ERROR, silence);
    return FALSE;
  }
  return TRUE;
}

static void
watch (RegiaRun *self)
{
  guint rested = 0;

  while (!is_stopping (self)) {
    g_autoptr (GstMessage) message =
        gst_bus_timed_pop_filtered (self->bus, has_decoded (self) ? GST_CLOCK_TIME_NONE : REST_INTERVAL,
                                    GST_MESSAGE_ERROR | GST_MESSAGE_EOS | GST_MESSAGE_SEGMENT_DONE |
                                        GST_MESSAGE_ELEMENT | GST_MESSAGE_APPLICATION);

    if (message == NULL && fail_at_rest (self, &rested))
      return;
    switch (message ? GST_MESSAGE_TYPE (message) : GST_MESSAGE_UNKNOWN) {
    case GST_MESSAGE_ERROR:
      fail_with_message (self, message);
      return;
    case GST_MESSAGE_EOS:
      end (self);
      return;
    case GST_MESSAGE_SEGMENT_DONE:
      if (!seek_segment (self, 0)) {
        end (self);
        return;
      }
      break;
    case GST_MESSAGE_ELEMENT:
      if (gst_message_has_name (message, "level"))
        take_level (self, gst_message_get_structure (message));
      else if (gst_message_has_name (message, REGIA_INGEST_WAITS))
        take_waits (self, gst_message_get_structure (message));
      else
        note_missing (self, message);
      break;
    case GST_MESSAGE_APPLICATION:
      if (gst_message_has_name (message, REGIA_HAND_OVER_END) &&
          regia_hand_over_is_at_end (&self->hand_over)) {
        end (self);
        return;
      }
      break;
    default:
      break;
    }
  }
}

static gpointer
run_thread (gpointer user_data)
{
  RegiaRun *self = user_data;
  g_autoptr (GError) error = NULL;

  if (!build (self, &error))
    fail (self, REGIA_RUN_UNAVAILABLE, error->message);
  else if (play (self))
    watch (self);

  g_mutex_lock (&self->lock);
  self->info.ended = TRUE;
  g_mutex_unlock (&self->lock);
  regia_hand_over_close (&self->hand_over); /* nothing of the shutdown reaches the programme */
  if (self->pipeline)
    gst_element_set_state (self->pipeline, GST_STATE_NULL);
  gst_bus_set_flushing (self->bus, TRUE);
  g_mutex_lock (&self->lock);
  self->info.gone = TRUE;
  g_cond_broadcast (&self->gone);
  g_mutex_unlock (&self->lock);
  run_unref (self);
  return NULL;
}

RegiaRun *
regia_run_start (RegiaRunPlan *plan, gboolean segment_loop)
{
  RegiaRun *self = g_new0 (RegiaRun, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->plan = regia_run_plan_ref (plan);
  self->segment_loop = segment_loop;
  self->bus = gst_bus_new ();
  self->error = g_strdup ("");
  self->info.started_ns = regia_clock_monotonic_ns ();
  self->info.level_db = -120;
  regia_hand_over_init (&self->hand_over, self->plan, self->bus);
  g_mutex_init (&self->lock);
  g_cond_init (&self->gone);
  g_atomic_ref_count_inc (&self->ref_count);
  g_thread_unref (g_thread_new ("source", run_thread, self));
  return self;
}

void
regia_run_stop (RegiaRun *self)
{
  g_mutex_lock (&self->lock);
  self->stopping = TRUE;
  g_mutex_unlock (&self->lock);
  regia_hand_over_close (&self->hand_over);
  gst_bus_post (self->bus, gst_message_new_application (NULL, gst_structure_new_empty (WAKE_MESSAGE)));
}

void
regia_run_get_info (RegiaRun *self, RegiaRunInfo *ret_info)
{
  RegiaLinksBranch streams[REGIA_TIMELINE_BRANCHES] = {0};
  RegiaLinks *links;
  RegiaHandOverStats stats;

  regia_hand_over_get_stats (&self->hand_over, &stats);
  g_mutex_lock (&self->lock);
  *ret_info = self->info;
  links = self->links;
  g_mutex_unlock (&self->lock);
  if (links)
    regia_links_get (links, streams);
  for (guint i = 0; i < REGIA_TIMELINE_BRANCHES; i++)
    ret_info->branches[i] = (RegiaHealthBranch){
        .wanted =
            (i == REGIA_HAND_OVER_VIDEO ? self->plan->video_targets : self->plan->audio_targets)->len > 0,
        .announced_ns = streams[i].announced_ns,
        .linked = streams[i].linked,
        .coded_ns = streams[i].coded_ns,
        .decoded_ns = stats.decoded_ns[i],
        .first_ns = stats.first_ns[i],
        .data_ns = stats.data_ns[i],
        .longest_ns = stats.longest_ns[i],
    };
  ret_info->frames = stats.frames;
  ret_info->black = stats.black;
  ret_info->still_ns = stats.still_ns;
  ret_info->resyncs = stats.resyncs;
  ret_info->drift_ppm = stats.drift.drift_ppm;
  ret_info->apart_ns = stats.apart_ns;
  ret_info->channels = stats.channels;
}

char *
regia_run_get_error (RegiaRun *self)
{
  char *error;

  g_mutex_lock (&self->lock);
  error = g_strdup (self->error);
  g_mutex_unlock (&self->lock);
  return error;
}

char *
regia_run_get_note (RegiaRun *self)
{
  g_autofree char *decoders = regia_decoders_get_note (self->plan->decoders), *note = NULL;
  RegiaRunInfo info;

  regia_run_get_info (self, &info);
  g_mutex_lock (&self->lock);
  note = self->waits     ? g_strdup (self->waits)
         : self->missing ? g_strdup_printf ("a part of it is left out: %s", self->missing)
                         : NULL;
  g_mutex_unlock (&self->lock);
  if (note == NULL)
    note = regia_channels_note (&info.channels);
  return g_strjoin (*note && *decoders ? "; " : "", note, decoders, NULL);
}

gboolean
regia_run_seek_refused (RegiaRun *self)
{
  gboolean refused;

  g_mutex_lock (&self->lock);
  refused = self->seek_refused;
  g_mutex_unlock (&self->lock);
  return refused;
}

gboolean
regia_run_wait_gone (RegiaRun *self, gint64 until_ns)
{
  gboolean gone;

  g_mutex_lock (&self->lock);
  while (!self->info.gone)
    if (!g_cond_wait_until (&self->gone, &self->lock, until_ns / 1000))
      break;
  gone = self->info.gone;
  g_mutex_unlock (&self->lock);
  return gone;
}

void
regia_run_free (RegiaRun *self)
{
  if (self == NULL)
    return;
  regia_run_stop (self);
  run_unref (self);
}
