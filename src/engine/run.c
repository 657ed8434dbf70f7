/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "run-private.h"

#include <gst/app/gstappsink.h>
#include <gst/video/gstvideometa.h>

#include "launch-private.h"
#include "regia/base/error.h"

/*
 * RegiaRun is one life of a source. Life cycle: regia_run_start() makes the thread; the thread parses the
 * plan's text, appends the conversion to the programme's formats behind the elements called `video` and
 * `audio`, plays, then waits on the pipeline's bus until the stream ends, an element gives up, or
 * regia_run_stop() is called; then it shuts the pipeline down and ends.
 *
 * Owner: RegiaSource, and the thread itself (one reference each), so a run whose shutdown hangs can be left
 * behind: it holds what it needs and reaches nobody but its targets, which `stopping` cuts off.
 *
 * Threads: the run's thread owns pipeline and bus; GStreamer's streaming threads come in through on_sample()
 * and touch only what `lock` guards and the targets (thread-safe). Lock: `lock` is a leaf; nothing is called
 * while it is held.
 *
 * Time: the pipeline runs by the system's monotonic clock with a base time of its own, so that its first
 * buffer has running time 0 as elements expect. Show time = running time + base time − epoch. The base time
 * is the beginning of a frame of the programme, so frames made or played here need not be moved at all.
 * Sources that are not live are slowed to the clock by their appsink; live ones are not held up at all.
 */

enum { VIDEO, AUDIO };

#define WAKE_MESSAGE    "regia-stop"
#define PREROLL_MESSAGE "regia-preroll"
#define END_MESSAGE     "regia-end"
#define PREROLL_WAIT    (10 * GST_SECOND)

typedef struct {
  RegiaRun *run; /* (unowned): outlives its pipeline */
  guint kind;
  GPtrArray *targets; /* (unowned): the plan's */
  RegiaPacer pacer;   /* streaming thread of this branch only */
  int at_end;         /* atomic: nothing more comes here */
} Branch;

struct _RegiaRun {
  gatomicrefcount ref_count;
  RegiaRunPlan *plan; /* (owned), immutable */
  gboolean segment_loop;
  Branch branches[REGIA_TIMELINE_BRANCHES];

  GstElement *pipeline; /* (owned) made by the thread before it plays; constant then */
  GstBus *bus;          /* (owned) made before the thread starts */

  GMutex lock; /* guards what follows */
  GCond gone;
  RegiaRunInfo info;
  RegiaTimeline timeline;
  char *error;
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
  g_free (self->video_caps);
  g_free (self->audio_caps);
  g_ptr_array_unref (self->video_targets);
  g_ptr_array_unref (self->audio_targets);
  g_free (self);
}

static void
run_unref (RegiaRun *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_pointer (&self->pipeline, gst_object_unref);
  gst_object_unref (self->bus);
  regia_run_plan_unref (self->plan);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->gone);
  g_free (self->error);
  g_free (self);
}

/* Show time for a buffer that has just arrived; counts it. FALSE when the run is being stopped. */
static gboolean
account (RegiaRun *self, guint kind, gint64 *time_ns)
{
  gint64 now_ns = regia_clock_monotonic_ns ();
  gboolean open;

  g_mutex_lock (&self->lock);
  open = !self->stopping;
  self->info.data_ns[kind] = now_ns;
  if (kind == VIDEO)
    self->info.frames++;
  *time_ns = regia_timeline_map (&self->timeline, kind, *time_ns, now_ns - self->plan->epoch.monotonic_ns) +
             self->plan->delay_ns;
  self->info.resyncs = self->timeline.resyncs;
  g_mutex_unlock (&self->lock);
  return open;
}

static void
push_to_targets (Branch *self, GstBuffer *buffer)
{
  for (guint i = 1; i < self->targets->len; i++)
    gst_app_src_push_buffer (g_ptr_array_index (self->targets, i), gst_buffer_copy (buffer));
  if (self->targets->len > 0)
    gst_app_src_push_buffer (g_ptr_array_index (self->targets, 0), g_steal_pointer (&buffer));
  gst_clear_buffer (&buffer);
}

/* Streaming thread. Buffers keep their memory; only their times change. */
static GstFlowReturn
on_sample (GstAppSink *sink, gpointer user_data)
{
  Branch *self = user_data;
  g_autoptr (GstSample) sample = gst_app_sink_pull_sample (sink);
  GstBuffer *buffer = sample ? gst_sample_get_buffer (sample) : NULL;
  GstClockTime running, base = gst_element_get_base_time (self->run->pipeline);
  gint64 time_ns;

  if (buffer == NULL)
    return GST_FLOW_OK;
  running =
      gst_segment_to_running_time (gst_sample_get_segment (sample), GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));
  if (!GST_CLOCK_TIME_IS_VALID (running))
    return GST_FLOW_OK;
  time_ns = (gint64)(running + base) - self->run->plan->epoch.monotonic_ns;
  if (!account (self->run, self->kind, &time_ns))
    return GST_FLOW_EOS;
  if (self->kind == VIDEO && !regia_pacer_place (&self->pacer, time_ns, &time_ns))
    return GST_FLOW_OK;
  if (time_ns < 0)
    return GST_FLOW_OK;

  gst_buffer_ref (buffer);
  g_clear_pointer (&sample, gst_sample_unref);
  buffer = gst_buffer_make_writable (buffer);
  GST_BUFFER_PTS (buffer) = (GstClockTime)time_ns;
  GST_BUFFER_DTS (buffer) = GST_CLOCK_TIME_NONE;
  if (self->kind == VIDEO && self->pacer.last_pts_ns != time_ns)
    GST_BUFFER_DURATION (buffer) =
        gst_util_uint64_scale (GST_SECOND, self->pacer.rate_den, self->pacer.rate_num);
  push_to_targets (self, buffer);
  return GST_FLOW_OK;
}

static GstFlowReturn
on_preroll (GstAppSink *sink, gpointer user_data)
{
  Branch *self = user_data;
  g_autoptr (GstSample) sample = gst_app_sink_pull_preroll (sink);

  gst_bus_post (self->run->bus,
                gst_message_new_application (GST_OBJECT (sink), gst_structure_new_empty (PREROLL_MESSAGE)));
  return GST_FLOW_OK;
}

static void
on_end (GstAppSink *sink, gpointer user_data)
{
  Branch *self = user_data;

  g_atomic_int_set (&self->at_end, TRUE);
  gst_bus_post (self->run->bus,
                gst_message_new_application (GST_OBJECT (sink), gst_structure_new_empty (END_MESSAGE)));
}

/* Tells decoders that padded frames are welcome: without this answer each frame would be copied into a tight
 * one. */
static GstPadProbeReturn
on_allocation_query (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  GstQuery *query = GST_PAD_PROBE_INFO_QUERY (info);

  if (GST_QUERY_TYPE (query) != GST_QUERY_ALLOCATION)
    return GST_PAD_PROBE_OK;
  gst_query_add_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL);
  return GST_PAD_PROBE_HANDLED;
}

/* An end that nobody wants: something has to take what comes, or the source would fail. */
static gboolean
append_nothing (RegiaRun *self, GstElement *end)
{
  GstElement *sink = gst_element_factory_make ("fakesink", NULL);

  g_object_set (sink, "async", FALSE, "sync", FALSE, "enable-last-sample", FALSE, NULL);
  gst_bin_add (GST_BIN (self->pipeline), sink);
  return gst_element_link (end, sink);
}

/* Appends `convert ! caps ! appsink` behind the plan's end. TRUE when there is no such end. */
static gboolean
append_end (RegiaRun *self, guint kind, GError **error)
{
  static const GstAppSinkCallbacks callbacks = {
      .new_sample = on_sample, .new_preroll = on_preroll, .eos = on_end};
  const char *name = kind == VIDEO ? "video" : "audio";
  g_autoptr (GstElement) end = gst_bin_get_by_name (GST_BIN (self->pipeline), name), sink = NULL;
  g_autofree char *text =
      kind == VIDEO
          ? g_strdup_printf ("videoconvertscale name=regia-video add-borders=true n-threads=1 ! "
                             "capsfilter caps=\"%s\" ! appsink name=regia-video-out",
                             self->plan->video_caps)
          : g_strdup_printf ("audioconvert name=regia-audio ! audioresample ! capsfilter caps=\"%s\" ! "
                             "level interval=200000000 ! appsink name=regia-audio-out",
                             self->plan->audio_caps);
  g_autoptr (GstElement) first = NULL;
  g_autofree char *first_name = g_strdup_printf ("regia-%s", name);
  g_autofree char *sink_name = g_strdup_printf ("regia-%s-out", name);
  GstElement *bin;

  if (end == NULL)
    return TRUE;
  if (self->branches[kind].targets->len == 0)
    return append_nothing (self, end);
  bin = regia_launch_parse (text, "conversion", error);
  if (bin == NULL)
    return FALSE;
  gst_bin_add (GST_BIN (self->pipeline), bin);
  first = gst_bin_get_by_name (GST_BIN (bin), first_name);
  sink = gst_bin_get_by_name (GST_BIN (bin), sink_name);
  if (!gst_element_link (end, first)) {
    g_set_error (
        error, REGIA_ERROR, REGIA_ERROR_CONFIG,
        "%s: the element \"%s\" does not give raw %s; end the pipeline file with a decoder or converter",
        self->plan->where, name, kind == VIDEO ? "pictures" : "sound");
    return FALSE;
  }
  /* async=false: a file without sound must not wait for it; sync until the source is known to be live. */
  g_object_set (sink, "async", FALSE, "sync", TRUE, "enable-last-sample", FALSE, "max-buffers", 2u, "qos",
                FALSE, NULL);
  gst_app_sink_set_callbacks (GST_APP_SINK (sink), (GstAppSinkCallbacks *)&callbacks, &self->branches[kind],
                              NULL);
  if (kind == VIDEO) {
    g_autoptr (GstPad) pad = gst_element_get_static_pad (sink, "sink");
    gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM, on_allocation_query, NULL, NULL);
  }
  return TRUE;
}

static gboolean
build (RegiaRun *self, GError **error)
{
  GstElement *bin = regia_launch_parse (self->plan->text, self->plan->where, error);
  g_autoptr (GstClock) clock = gst_system_clock_obtain ();

  if (bin == NULL)
    return FALSE;
  self->pipeline = gst_object_ref_sink (gst_pipeline_new (NULL));
  gst_bin_add (GST_BIN (self->pipeline), bin);
  gst_pipeline_use_clock (GST_PIPELINE (self->pipeline), clock);
  gst_element_set_start_time (self->pipeline, GST_CLOCK_TIME_NONE); /* its base time is set by play() */
  gst_element_set_bus (self->pipeline, self->bus);
  return append_end (self, VIDEO, error) && append_end (self, AUDIO, error);
}

static void
set_sync (RegiaRun *self, gboolean sync)
{
  const char *names[] = {"regia-video-out", "regia-audio-out"};

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (GstElement) sink = gst_bin_get_by_name (GST_BIN (self->pipeline), names[i]);
    if (sink)
      g_object_set (sink, "sync", sync, NULL);
  }
}

static void
fail (RegiaRun *self, RegiaRunEnd end, const char *message)
{
  g_mutex_lock (&self->lock);
  self->info.ended = TRUE;
  self->info.end = end;
  g_free (self->error);
  self->error = g_strdup (message);
  g_mutex_unlock (&self->lock);
}

/* What a technician can do about the usual ones; GStreamer's own words follow in brackets. */
static const char *
explain (const GError *error)
{
  if (error->domain != GST_RESOURCE_ERROR)
    return NULL;
  switch (error->code) {
  case GST_RESOURCE_ERROR_NOT_FOUND:
    return "not found; check its name or address";
  case GST_RESOURCE_ERROR_OPEN_READ:
  case GST_RESOURCE_ERROR_OPEN_READ_WRITE:
    return "cannot be opened; check that it is switched on and connected, and its address";
  case GST_RESOURCE_ERROR_BUSY:
    return "in use by another program; end that one";
  case GST_RESOURCE_ERROR_NOT_AUTHORIZED:
    return "wants another user name or password";
  case GST_RESOURCE_ERROR_READ:
    return "does not answer any more";
  default:
    return NULL;
  }
}

/* In one line, without user and password of an address. */
static void
fail_with_message (RegiaRun *self, GstMessage *message)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *debug = NULL, *text = NULL, *clean = NULL;
  g_autoptr (GRegex) secrets = g_regex_new ("(\\w+://)[^\\s/@]*@", 0, 0, NULL);
  GstObject *source = GST_MESSAGE_SRC (message);
  GstElementFactory *factory =
      GST_IS_ELEMENT (source) ? gst_element_get_factory (GST_ELEMENT (source)) : NULL;
  const char *name = factory ? GST_OBJECT_NAME (factory) : "pipeline", *words;

  gst_message_parse_error (message, &error, &debug);
  words = explain (error);
  text = words ? g_strdup_printf ("%s (%s: %s)", words, name, error->message)
               : g_strdup_printf ("%s: %s", name, error->message);
  g_strdelimit (text, "\r\n", ' ');
  clean = g_regex_replace (secrets, text, -1, 0, "\\1", 0, NULL);
  g_debug ("%s: %s", self->plan->name, clean);
  fail (self,
        g_error_matches (error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN) ? REGIA_RUN_UNAVAILABLE
                                                                               : REGIA_RUN_ERROR,
        g_strchomp (clean));
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

/* Waits for the first decoded buffer of a source that is not live. FALSE when the run is over before. */
static gboolean
wait_for_preroll (RegiaRun *self)
{
  for (;;) {
    g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (
        self->bus, PREROLL_WAIT, GST_MESSAGE_ERROR | GST_MESSAGE_EOS | GST_MESSAGE_APPLICATION);

    if (message == NULL)
      return TRUE; /* let it play: its owner's own deadline decides */
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
      fail_with_message (self, message);
      return FALSE;
    }
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS || gst_message_has_name (message, WAKE_MESSAGE))
      return FALSE;
    if (gst_message_has_name (message, PREROLL_MESSAGE))
      return TRUE;
  }
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
    set_sync (self, FALSE);
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

    if (message)
      fail_with_message (self, message);
    else
      fail (self, REGIA_RUN_ERROR, "the source does not start and gives no reason");
    return FALSE;
  }
  return TRUE;
}

/* The pipeline itself would wait for a branch that the file has nothing for. */
static gboolean
is_at_end (RegiaRun *self)
{
  RegiaRunInfo info;
  gboolean end = TRUE;

  regia_run_get_info (self, &info);
  for (guint i = 0; i < REGIA_TIMELINE_BRANCHES; i++)
    end = end && (info.data_ns[i] == 0 || g_atomic_int_get (&self->branches[i].at_end));
  return end;
}

static void
watch (RegiaRun *self)
{
  while (!is_stopping (self)) {
    g_autoptr (GstMessage) message =
        gst_bus_timed_pop_filtered (self->bus, GST_CLOCK_TIME_NONE,
                                    GST_MESSAGE_ERROR | GST_MESSAGE_EOS | GST_MESSAGE_SEGMENT_DONE |
                                        GST_MESSAGE_ELEMENT | GST_MESSAGE_APPLICATION);

    switch (message ? GST_MESSAGE_TYPE (message) : GST_MESSAGE_UNKNOWN) {
    case GST_MESSAGE_ERROR:
      fail_with_message (self, message);
      return;
    case GST_MESSAGE_EOS:
      fail (self, REGIA_RUN_ENDED, "the stream has ended");
      return;
    case GST_MESSAGE_SEGMENT_DONE:
      if (!seek_segment (self, 0)) {
        fail (self, REGIA_RUN_ENDED, "the stream has ended");
        return;
      }
      break;
    case GST_MESSAGE_ELEMENT:
      if (gst_message_has_name (message, "level"))
        take_level (self, gst_message_get_structure (message));
      break;
    case GST_MESSAGE_APPLICATION:
      if (gst_message_has_name (message, END_MESSAGE) && is_at_end (self)) {
        fail (self, REGIA_RUN_ENDED, "the stream has ended");
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
  self->stopping = TRUE; /* nothing of the shutdown reaches the programme */
  g_mutex_unlock (&self->lock);
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
  self->timeline.limit_ns = plan->late_limit_ns;
  for (guint i = 0; i < REGIA_TIMELINE_BRANCHES; i++)
    self->branches[i] = (Branch){.run = self,
                                 .kind = i,
                                 .targets = i == VIDEO ? plan->video_targets : plan->audio_targets,
                                 .pacer = {.rate_num = plan->rate_num, .rate_den = plan->rate_den}};
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
  gst_bus_post (self->bus, gst_message_new_application (NULL, gst_structure_new_empty (WAKE_MESSAGE)));
}

void
regia_run_get_info (RegiaRun *self, RegiaRunInfo *ret_info)
{
  g_mutex_lock (&self->lock);
  *ret_info = self->info;
  g_mutex_unlock (&self->lock);
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
