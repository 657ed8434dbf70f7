/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "hand-over-private.h"

#include <gst/app/gstappsink.h>
#include <gst/audio/audio.h>
#include <gst/video/gstvideometa.h>

#include "convert-private.h"
#include "grid-private.h"
#include "regia/base/error.h"

/*
 * RegiaHandOver is the edge between a source's pipeline and the programme's: what comes out of the ends
 * called `video` and `audio` is converted to the programme's formats, stamped with show time and pushed,
 * without copying.
 *
 * Owner: RegiaRun, of which it is a part; it outlives the pipeline. Threads: GStreamer's streaming threads
 * come in through on_sample_cb() and touch only what `lock` guards, their own branch, and the targets
 * (thread-safe). Lock: `lock` is a leaf; nothing is called while it is held.
 */

typedef enum { SHOWN, LEFT_OUT, CLOSED } Fate;

/* With the lock held. */
static void
count_distance (RegiaHandOverBranch *branch, gint64 now_ns)
{
  gint64 *longest_ns = &branch->owner->stats.longest_ns[branch->kind];
  gint64 last_ns = branch->owner->stats.data_ns[branch->kind];

  if (last_ns == 0)
    return;
  branch->distances_ns[branch->distance++ % REGIA_HAND_OVER_DISTANCES] = now_ns - last_ns;
  *longest_ns = 0;
  for (guint i = 0; i < REGIA_HAND_OVER_DISTANCES; i++)
    *longest_ns = MAX (*longest_ns, branch->distances_ns[i]);
}

/* With the lock held. A step of a camera's stamps can cost a move of the picture, one of the sound and a seam
 * in its samples, within some buffers of each other. */
static void
count_resyncs (RegiaHandOver *self, gint64 now_ns)
{
  guint64 moves = self->timeline.resyncs + self->stats.drift.jumps;

  if (moves == self->moves)
    return;
  self->moves = moves;
  if (self->resync_ns != 0 && now_ns - self->resync_ns < REGIA_SECOND)
    return;
  self->resync_ns = now_ns;
  self->stats.resyncs++;
}

/* Show time for a buffer that has just arrived; counts it. @ret_moved: the branch's time was set anew.
 * @ret_rate: how much slower its clock is. */
static Fate
account (RegiaHandOverBranch *branch, gint64 *time_ns, gboolean *ret_moved, double *ret_rate)
{
  RegiaHandOver *self = branch->owner;
  gint64 now_ns = regia_clock_monotonic_ns ();
  Fate fate = LEFT_OUT;

  g_mutex_lock (&self->lock);
  self->stats.decoded_ns[branch->kind] = now_ns;
  if (self->stats.first_ns[branch->kind] == 0)
    self->stats.first_ns[branch->kind] = now_ns;
  count_resyncs (self, now_ns);
  if (self->closed)
    fate = CLOSED;
  else if (regia_timeline_map (&self->timeline, branch->kind, *time_ns,
                               now_ns - self->plan->epoch.monotonic_ns, time_ns)) {
    fate = SHOWN;
    count_distance (branch, now_ns);
    self->stats.data_ns[branch->kind] = now_ns;
    if (branch->kind == REGIA_HAND_OVER_VIDEO)
      self->stats.frames++;
    *time_ns += self->plan->delay_ns;
    *ret_moved = branch->moves != self->timeline.branches[branch->kind].moves;
    branch->moves = self->timeline.branches[branch->kind].moves;
    *ret_rate = regia_timeline_rate (&self->timeline, branch->kind);
  }
  g_mutex_unlock (&self->lock);
  return fate;
}

/* @time_ns: what the mixers have to wait for, show time */
static void
note_late (RegiaHandOverBranch *self, gint64 time_ns)
{
  const RegiaRunPlan *plan = self->owner->plan;
  gint64 now_ns = regia_epoch_show_time (&plan->epoch);

  if (plan->wait)
    regia_mix_wait_note (plan->wait, plan->name,
                         self->kind == REGIA_HAND_OVER_VIDEO ? REGIA_MIX_WAIT_PICTURE : REGIA_MIX_WAIT_SOUND,
                         now_ns - time_ns, now_ns);
}

static void
push_to_targets (RegiaHandOverBranch *self, GstBuffer *buffer)
{
  for (guint i = 1; i < self->targets->len; i++)
    gst_app_src_push_buffer (g_ptr_array_index (self->targets, i), gst_buffer_copy (buffer));
  if (self->targets->len > 0)
    gst_app_src_push_buffer (g_ptr_array_index (self->targets, 0), g_steal_pointer (&buffer));
  gst_clear_buffer (&buffer);
}

/* How the picture is, besides when. */
static void
glance_at_picture (RegiaHandOverBranch *self, GstSample *sample)
{
  RegiaHandOverStats *stats = &self->owner->stats;
  gint64 before_ns = self->glance.looked_ns;

  regia_glance_at (&self->glance, gst_sample_get_buffer (sample), gst_sample_get_caps (sample),
                   regia_clock_monotonic_ns ());
  if (self->glance.looked_ns == before_ns)
    return;
  g_mutex_lock (&self->owner->lock);
  stats->black = self->glance.black;
  stats->still_ns = regia_glance_still_ns (&self->glance);
  g_mutex_unlock (&self->owner->lock);
}

/* A picture keeps its memory; only its time changes. */
static void
hand_picture (RegiaHandOverBranch *self, GstBuffer *picture, gint64 time_ns)
{
  g_autoptr (GstBuffer) buffer = picture;
  gint64 half_ns = regia_grid_time (1, self->pacer.rate_num, self->pacer.rate_den) / 2, place_ns;

  if (!regia_pacer_place (&self->pacer, time_ns, &time_ns) || time_ns < 0)
    return;
  place_ns = time_ns;
  buffer = gst_buffer_make_writable (buffer);
  GST_BUFFER_PTS (buffer) = (GstClockTime)time_ns;
  GST_BUFFER_DTS (buffer) = GST_CLOCK_TIME_NONE;
  /* Half a place long, in its middle: to the compositor it belongs to that place and to no other. If it
   * reached into the next one, a picture once late would be shown there, and so would all that follow it. */
  if (self->pacer.last_pts_ns != time_ns) {
    GST_BUFFER_DURATION (buffer) = (GstClockTime)half_ns;
    place_ns -= half_ns / 2;
  }
  note_late (self, place_ns);
  if (self->owner->plan->preview)
    regia_preview_offer (self->owner->plan->preview, buffer, time_ns);
  if (self->owner->iso)
    regia_iso_tap_picture (self->owner->iso, buffer);
  push_to_targets (self, g_steal_pointer (&buffer));
}

static void
hand_sound (RegiaHandOverBranch *self, GstBuffer *sound, gint64 time_ns, gboolean moved, double rate)
{
  g_autoptr (GstBuffer) buffer = sound;

  if (time_ns < 0)
    return;
  if (self->drift) {
    RegiaDriftStats stats;
    gboolean jump = moved || GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT);

    regia_drift_expect (self->drift, rate);
    buffer = regia_drift_take (self->drift, g_steal_pointer (&buffer), time_ns, jump);
    regia_drift_get_stats (self->drift, &stats);
    g_mutex_lock (&self->owner->lock);
    self->owner->stats.drift = stats;
    g_mutex_unlock (&self->owner->lock);
  } else {
    buffer = gst_buffer_make_writable (buffer);
    GST_BUFFER_PTS (buffer) = (GstClockTime)time_ns;
    GST_BUFFER_DTS (buffer) = GST_CLOCK_TIME_NONE;
  }
  if (buffer == NULL)
    return;
  if (self->targets->len > 0)
    note_late (self, (gint64)GST_BUFFER_PTS (buffer));
  if (self->owner->iso)
    regia_iso_tap_sound (self->owner->iso, buffer);
  if (self->owner->plan->meter)
    regia_meter_take_buffer (self->owner->plan->meter, buffer);
  push_to_targets (self, g_steal_pointer (&buffer));
}

/* Live sound comes at its own rate. */
static void
take_caps (RegiaHandOverBranch *self, GstCaps *caps)
{
  GstAudioInfo info;

  gst_caps_replace (&self->caps, caps);
  if (gst_audio_info_from_caps (&info, caps))
    regia_drift_set_input (self->drift, (guint)info.rate);
}

/* Streaming thread. */
static GstFlowReturn
on_sample_cb (GstAppSink *sink, gpointer user_data)
{
  RegiaHandOverBranch *self = user_data;
  g_autoptr (GstSample) sample = gst_app_sink_pull_sample (sink);
  GstBuffer *buffer = sample ? gst_sample_get_buffer (sample) : NULL;
  GstClockTime running, base = gst_element_get_base_time (self->owner->pipeline);
  g_autoptr (GstCaps) caps = NULL;
  gboolean moved = FALSE;
  double rate = 0;
  gint64 time_ns;
  Fate fate;

  if (buffer == NULL)
    return GST_FLOW_OK;
  /* Before its first keyframe a decoder gives what it can make of half of it: grey with moving edges. Later,
   * after packets were lost, such pictures are better than none. */
  self->clean |= !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_CORRUPTED);
  if (!self->clean)
    return GST_FLOW_OK;
  running =
      gst_segment_to_running_time (gst_sample_get_segment (sample), GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));
  if (!GST_CLOCK_TIME_IS_VALID (running))
    return GST_FLOW_OK;
  time_ns = (gint64)(running + base) - self->owner->plan->epoch.monotonic_ns;
  fate = account (self, &time_ns, &moved, &rate);
  if (fate != SHOWN)
    return fate == CLOSED ? GST_FLOW_EOS : GST_FLOW_OK;

  if (self->kind == REGIA_HAND_OVER_VIDEO) {
    glance_at_picture (self, sample);
    if (self->owner->iso)
      regia_iso_tap_place (self->owner->iso, (gint64)running, time_ns);
  }
  if (self->drift && gst_sample_get_caps (sample) != self->caps)
    caps = gst_caps_ref (gst_sample_get_caps (sample));
  gst_buffer_ref (buffer);
  g_clear_pointer (&sample, gst_sample_unref);
  if (caps)
    take_caps (self, caps);
  if (self->kind == REGIA_HAND_OVER_VIDEO)
    hand_picture (self, buffer, time_ns);
  else
    hand_sound (self, buffer, time_ns, moved, rate);
  return GST_FLOW_OK;
}

static GstFlowReturn
on_preroll_cb (GstAppSink *sink, gpointer user_data)
{
  RegiaHandOverBranch *self = user_data;
  g_autoptr (GstSample) sample = gst_app_sink_pull_preroll (sink);

  gst_bus_post (self->owner->bus, gst_message_new_application (
                                      GST_OBJECT (sink), gst_structure_new_empty (REGIA_HAND_OVER_PREROLL)));
  return GST_FLOW_OK;
}

static void
on_end_cb (GstAppSink *sink, gpointer user_data)
{
  RegiaHandOverBranch *self = user_data;

  g_atomic_int_set (&self->at_end, TRUE);
  gst_bus_post (self->owner->bus, gst_message_new_application (
                                      GST_OBJECT (sink), gst_structure_new_empty (REGIA_HAND_OVER_END)));
}

/* Tells decoders that padded frames are welcome: without this answer each frame would be copied into a tight
 * one. */
static GstPadProbeReturn
on_allocation_query_cb (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  GstQuery *query = GST_PAD_PROBE_INFO_QUERY (info);

  if (GST_QUERY_TYPE (query) != GST_QUERY_ALLOCATION)
    return GST_PAD_PROBE_OK;
  gst_query_add_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL);
  return GST_PAD_PROBE_HANDLED;
}

/* Of sound that is in no mix there may be a track of its own. */
static gboolean
is_wanted (const RegiaHandOver *self, guint kind)
{
  return self->branches[kind].targets->len > 0 ||
         (kind == REGIA_HAND_OVER_AUDIO && self->iso != NULL && regia_iso_has_sound (self->plan->iso));
}

/* An end that nobody wants: something has to take what comes, or the source would fail. */
static gboolean
append_nothing (RegiaHandOver *self, GstElement *end)
{
  GstElement *sink = gst_element_factory_make ("fakesink", NULL);

  g_object_set (sink, "async", FALSE, "sync", FALSE, "enable-last-sample", FALSE, NULL);
  gst_bin_add (GST_BIN (self->pipeline), sink);
  return gst_element_link (end, sink);
}

gboolean
regia_hand_over_append (RegiaHandOver *self, guint kind, GError **error)
{
  static const GstAppSinkCallbacks callbacks = {
      .new_sample = on_sample_cb, .new_preroll = on_preroll_cb, .eos = on_end_cb};
  const char *name = kind == REGIA_HAND_OVER_VIDEO ? "video" : "audio";
  g_autoptr (GstElement) end = gst_bin_get_by_name (GST_BIN (self->pipeline), name);
  g_autofree char *sink_name = g_strdup_printf ("regia-%s-out", name);
  GstElement *convert, *sink, *channels = NULL;

  if (end == NULL)
    return TRUE;
  if (!is_wanted (self, kind))
    return append_nothing (self, end);
  convert = kind == REGIA_HAND_OVER_VIDEO
                ? regia_convert_picture_new (self->plan->video_caps, self->plan->rate_num,
                                             self->plan->rate_den, &self->plan->cut, error)
                : regia_convert_sound_new (self->plan->audio_caps, self->plan->channels, &channels, error);
  if (convert == NULL)
    return FALSE;
  if (channels) {
    g_mutex_lock (&self->lock);
    self->channels = channels;
    g_mutex_unlock (&self->lock);
  }
  sink = gst_element_factory_make ("appsink", sink_name);
  gst_bin_add_many (GST_BIN (self->pipeline), convert, sink, NULL);
  if (!gst_element_link_many (end, convert, sink, NULL)) {
    g_set_error (
        error, REGIA_ERROR, REGIA_ERROR_CONFIG,
        "%s: the element \"%s\" does not give raw %s; end the pipeline file with a decoder or converter",
        self->plan->where, name, kind == REGIA_HAND_OVER_VIDEO ? "pictures" : "sound");
    return FALSE;
  }
  /* async=false: a file without sound must not wait for it; sync until the source is known to be live. */
  g_object_set (sink, "async", FALSE, "sync", TRUE, "enable-last-sample", FALSE, "max-buffers", 2u, "qos",
                FALSE, NULL);
  gst_app_sink_set_callbacks (GST_APP_SINK (sink), (GstAppSinkCallbacks *)&callbacks, &self->branches[kind],
                              NULL);
  if (kind == REGIA_HAND_OVER_VIDEO) {
    g_autoptr (GstPad) pad = gst_element_get_static_pad (sink, "sink");
    gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM, on_allocation_query_cb, NULL, NULL);
  }
  return TRUE;
}

void
regia_hand_over_set_live (RegiaHandOver *self)
{
  const char *names[] = {"regia-video-out", "regia-audio-out"};
  g_autoptr (GstCaps) caps = gst_caps_from_string (self->plan->audio_caps);
  g_autoptr (GstElement) filter = NULL;
  GstAudioInfo sound;

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (GstElement) sink = gst_bin_get_by_name (GST_BIN (self->pipeline), names[i]);
    if (sink)
      g_object_set (sink, "sync", FALSE, NULL);
  }
  if (!gst_audio_info_from_caps (&sound, caps))
    return;
  self->branches[REGIA_HAND_OVER_AUDIO].drift = regia_drift_new ((guint)sound.rate, (guint)sound.channels);
  filter = gst_bin_get_by_name (GST_BIN (self->pipeline), REGIA_CONVERT_SOUND_CAPS);
  if (filter) {
    g_autoptr (GstCaps) any_rate = gst_caps_copy (caps);

    gst_structure_remove_field (gst_caps_get_structure (any_rate, 0), "rate");
    g_object_set (filter, "caps", any_rate, NULL);
  }
}

void
regia_hand_over_init (RegiaHandOver *self, const RegiaRunPlan *plan, GstBus *bus)
{
  self->plan = plan;
  self->bus = bus;
  self->timeline.limit_ns = plan->late_limit_ns;
  self->timeline.sender_clock = plan->sender_clock;
  for (guint i = 0; i < REGIA_TIMELINE_BRANCHES; i++)
    self->branches[i] = (RegiaHandOverBranch){
        .owner = self,
        .kind = i,
        .targets = i == REGIA_HAND_OVER_VIDEO ? plan->video_targets : plan->audio_targets,
        .pacer = {.rate_num = plan->rate_num, .rate_den = plan->rate_den}};
  g_mutex_init (&self->lock);
}

void
regia_hand_over_clear (RegiaHandOver *self)
{
  for (guint i = 0; i < REGIA_TIMELINE_BRANCHES; i++) {
    g_clear_pointer (&self->branches[i].drift, regia_drift_free);
    gst_clear_caps (&self->branches[i].caps);
  }
  gst_clear_object (&self->channels);
  g_mutex_clear (&self->lock);
}

void
regia_hand_over_close (RegiaHandOver *self)
{
  g_mutex_lock (&self->lock);
  self->closed = TRUE;
  g_mutex_unlock (&self->lock);
}

void
regia_hand_over_get_stats (RegiaHandOver *self, RegiaHandOverStats *ret_stats)
{
  g_autoptr (GstElement) channels = NULL;

  g_mutex_lock (&self->lock);
  *ret_stats = self->stats;
  ret_stats->apart_ns = regia_timeline_apart (&self->timeline, regia_epoch_show_time (&self->plan->epoch));
  channels = self->channels ? gst_object_ref (self->channels) : NULL;
  g_mutex_unlock (&self->lock);
  if (channels)
    regia_channels_get_use (channels, &ret_stats->channels);
}

gboolean
regia_hand_over_is_at_end (RegiaHandOver *self)
{
  RegiaHandOverStats stats;
  gboolean end = TRUE;

  regia_hand_over_get_stats (self, &stats);
  for (guint i = 0; i < REGIA_TIMELINE_BRANCHES; i++)
    end = end && (stats.data_ns[i] == 0 || g_atomic_int_get (&self->branches[i].at_end));
  return end;
}
