/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "pulse-private.h"

#include <gst/audio/audio.h>
#include <gst/base/gstpushsrc.h>
#include <pulse/pulseaudio.h>
#include <string.h>

/*
 * regiapulse records from a PulseAudio or PipeWire server what the device has: all of its channels, in its
 * own order, at its own rate.
 *
 * pulsesrc cannot: it asks for stereo, and a server that is asked for two named channels of a desk whose ten
 * have no names gives silence; asked for ten, GStreamer has no names to ask with and the stream is not made
 * at all. The server itself knows "as the device has it" (PA_STREAM_FIX_CHANNELS, FIX_RATE).
 *
 * More than two channels are given without positions, even where the server has names for them: a desk's
 * inputs come under whatever names a sound card's profile has (surround 7.1), and the number on the desk is
 * what a technician goes by.
 *
 * Timestamps count the device's samples, from the moment the first came (`# clock: sender`). A device that is
 * named is that device: when it is unplugged the stream ends with an error, and no other one takes its place.
 *
 * Life cycle: start() connects and makes the stream, on the thread that starts the pipeline, in 5 s at most;
 * create() waits for sound; stop() takes all down. Threads: libpulse has one of its own (`loop`), whose lock
 * is held around every call; its callbacks only wake who waits. A leaf to GStreamer's locks.
 */

#define CONNECT_US (5 * G_USEC_PER_SEC)
/* One usual round of PipeWire's, 1024 samples at 48 kHz, and no less: what a client asks for becomes the pace
 * of the whole server, and one that has to be back every 5 ms loses sound whenever this machine, which
 * encodes video besides, lets it wait for as long (seen: held up for 15 ms, 40 ms of sound were missing). */
#define FRAGMENT_US 22000

typedef struct {
  GstPushSrc parent;
  char *server, *device, *client_name; /* (owned) (nullable) set before it runs */
  pa_threaded_mainloop *loop;          /* (owned), as the next two; present between start and stop */
  pa_context *context;
  pa_stream *stream;
  GstAudioInfo info;
  gboolean late;     /* loop's lock: connecting took too long */
  gboolean flushing; /* loop's lock */
  /* streaming thread */
  guint64 first_ns, samples; /* timestamp of the first sample, GST_CLOCK_TIME_NONE; samples since */
} RegiaPulse;

typedef struct {
  GstPushSrcClass parent_class;
} RegiaPulseClass;

enum { PROP_SERVER = 1, PROP_DEVICE, PROP_CLIENT_NAME };

static GType regia_pulse_get_type (void);
G_DEFINE_TYPE (RegiaPulse, regia_pulse, GST_TYPE_PUSH_SRC)

static void
on_context_state_cb (pa_context *context, void *user_data)
{
  pa_threaded_mainloop_signal (((RegiaPulse *)user_data)->loop, 0);
}

static void
on_stream_cb (pa_stream *stream, void *user_data)
{
  pa_threaded_mainloop_signal (((RegiaPulse *)user_data)->loop, 0);
}

static void
on_data_cb (pa_stream *stream, size_t size, void *user_data)
{
  pa_threaded_mainloop_signal (((RegiaPulse *)user_data)->loop, 0);
}

static void
on_late_cb (pa_mainloop_api *api, pa_time_event *event, const struct timeval *time, void *user_data)
{
  RegiaPulse *self = user_data;

  self->late = TRUE;
  pa_threaded_mainloop_signal (self->loop, 0);
}

/* (transfer none): as an error of GStreamer, with words that the server itself does not have. */
static void
complain (RegiaPulse *self, int code)
{
  const char *device = self->device ? self->device : "the server's default source";

  if (code == PA_ERR_NOENTITY)
    GST_ELEMENT_ERROR (self, RESOURCE, NOT_FOUND,
                       ("the sound server has no source %s; `regia devices` lists what there is, and "
                        "a desk has to be plugged in",
                        device),
                       (NULL));
  else if (code == PA_ERR_TIMEOUT)
    GST_ELEMENT_ERROR (self, RESOURCE, READ, ("the sound server does not answer; restart it"), (NULL));
  else if (code == PA_ERR_ACCESS || code == PA_ERR_AUTHKEY)
    GST_ELEMENT_ERROR (self, RESOURCE, NOT_AUTHORIZED,
                       ("the sound server refuses this user; run it as the same one, or allow it there"),
                       (NULL));
  else if (self->stream)
    GST_ELEMENT_ERROR (
        self, RESOURCE, READ,
        ("%s has gone (%s); check that it is switched on, and its cable", device, pa_strerror (code)),
        (NULL));
  else
    GST_ELEMENT_ERROR (
        self, RESOURCE, OPEN_READ,
        ("no sound server answers at %s (%s); start PulseAudio or PipeWire, or correct \"server\"",
         self->server ? self->server : "the user's own address", pa_strerror (code)),
        (NULL));
}

/* With the loop's lock. */
static gboolean
connect_context (RegiaPulse *self)
{
  pa_context_state_t state;

  pa_context_set_state_callback (self->context, on_context_state_cb, self);
  if (pa_context_connect (self->context, self->server, PA_CONTEXT_NOAUTOSPAWN, NULL) < 0)
    return FALSE;
  while ((state = pa_context_get_state (self->context)) != PA_CONTEXT_READY) {
    if (!PA_CONTEXT_IS_GOOD (state) || self->late)
      return FALSE;
    pa_threaded_mainloop_wait (self->loop);
  }
  return TRUE;
}

/* With the loop's lock. What is asked for counts for nothing: the device's own is taken. */
static gboolean
connect_stream (RegiaPulse *self)
{
  const pa_sample_spec ask = {.format = PA_SAMPLE_FLOAT32NE, .rate = 48000, .channels = 2};
  const pa_buffer_attr buffers = {.maxlength = (guint32)-1,
                                  .tlength = (guint32)-1,
                                  .prebuf = (guint32)-1,
                                  .minreq = (guint32)-1,
                                  .fragsize = (guint32)pa_usec_to_bytes (FRAGMENT_US, &ask)};
  pa_stream_flags_t flags = PA_STREAM_FIX_CHANNELS | PA_STREAM_FIX_RATE | PA_STREAM_ADJUST_LATENCY |
                            PA_STREAM_AUTO_TIMING_UPDATE | PA_STREAM_INTERPOLATE_TIMING |
                            PA_STREAM_START_CORKED;
  pa_stream_state_t state;

  self->stream = pa_stream_new (self->context, "Regia", &ask, NULL);
  if (self->stream == NULL)
    return FALSE;
  pa_stream_set_state_callback (self->stream, on_stream_cb, self);
  pa_stream_set_read_callback (self->stream, on_data_cb, self);
  if (pa_stream_connect_record (self->stream, self->device, &buffers,
                                self->device ? flags | PA_STREAM_DONT_MOVE : flags) < 0)
    return FALSE;
  while ((state = pa_stream_get_state (self->stream)) != PA_STREAM_READY) {
    if (!PA_STREAM_IS_GOOD (state) || self->late)
      return FALSE;
    pa_threaded_mainloop_wait (self->loop);
  }
  return TRUE;
}

/* With the loop's lock. */
static void
take_format (RegiaPulse *self)
{
  const pa_sample_spec *spec = pa_stream_get_sample_spec (self->stream);
  pa_buffer_attr buffers = *pa_stream_get_buffer_attr (self->stream);
  GstAudioChannelPosition none[PA_CHANNELS_MAX];
  pa_operation *operation;

  for (guint i = 0; i < G_N_ELEMENTS (none); i++)
    none[i] = GST_AUDIO_CHANNEL_POSITION_NONE;
  gst_audio_info_set_format (&self->info, GST_AUDIO_FORMAT_F32, (int)spec->rate, spec->channels,
                             spec->channels > 2 ? none : NULL);
  /* What was asked for was counted in bytes of another format. */
  buffers.fragsize = (guint32)pa_usec_to_bytes (FRAGMENT_US, spec);
  buffers.maxlength = (guint32)-1;
  operation = pa_stream_set_buffer_attr (self->stream, &buffers, NULL, NULL);
  if (operation)
    pa_operation_unref (operation);
}

static gboolean
stop (GstBaseSrc *base)
{
  RegiaPulse *self = (RegiaPulse *)base;

  if (self->loop == NULL)
    return TRUE;
  pa_threaded_mainloop_lock (self->loop);
  if (self->stream) {
    pa_stream_set_state_callback (self->stream, NULL, NULL);
    pa_stream_set_read_callback (self->stream, NULL, NULL);
    pa_stream_disconnect (self->stream);
    g_clear_pointer (&self->stream, pa_stream_unref);
  }
  if (self->context) {
    pa_context_set_state_callback (self->context, NULL, NULL);
    pa_context_disconnect (self->context);
    g_clear_pointer (&self->context, pa_context_unref);
  }
  pa_threaded_mainloop_unlock (self->loop);
  pa_threaded_mainloop_stop (self->loop);
  g_clear_pointer (&self->loop, pa_threaded_mainloop_free);
  return TRUE;
}

static gboolean
start (GstBaseSrc *base)
{
  RegiaPulse *self = (RegiaPulse *)base;
  pa_time_event *deadline = NULL;
  pa_mainloop_api *api;
  gboolean done;
  int code = PA_ERR_INTERNAL;

  self->late = self->flushing = FALSE;
  self->first_ns = GST_CLOCK_TIME_NONE;
  self->samples = 0;
  self->loop = pa_threaded_mainloop_new ();
  pa_threaded_mainloop_set_name (self->loop, "pulse");
  if (pa_threaded_mainloop_start (self->loop) < 0) {
    g_clear_pointer (&self->loop, pa_threaded_mainloop_free);
    complain (self, code);
    return FALSE;
  }
  pa_threaded_mainloop_lock (self->loop);
  api = pa_threaded_mainloop_get_api (self->loop);
  self->context = pa_context_new (api, self->client_name);
  deadline = pa_context_rttime_new (self->context, pa_rtclock_now () + CONNECT_US, on_late_cb, self);
  done = connect_context (self) && connect_stream (self);
  if (done)
    take_format (self);
  else
    code = self->late ? PA_ERR_TIMEOUT : pa_context_errno (self->context);
  if (deadline)
    api->time_free (deadline);
  pa_threaded_mainloop_unlock (self->loop);
  if (!done) {
    complain (self, code);
    stop (base);
  }
  return done;
}

static GstCaps *
get_caps (GstBaseSrc *base, GstCaps *filter)
{
  RegiaPulse *self = (RegiaPulse *)base;
  g_autoptr (GstCaps) caps = NULL;

  if (!GST_AUDIO_INFO_IS_VALID (&self->info) || self->loop == NULL)
    return GST_BASE_SRC_CLASS (regia_pulse_parent_class)->get_caps (base, filter);
  caps = gst_audio_info_to_caps (&self->info);
  return filter ? gst_caps_intersect_full (filter, caps, GST_CAPS_INTERSECT_FIRST) : g_steal_pointer (&caps);
}

static gboolean
unlock (GstBaseSrc *base)
{
  RegiaPulse *self = (RegiaPulse *)base;

  if (self->loop == NULL)
    return TRUE;
  pa_threaded_mainloop_lock (self->loop);
  self->flushing = TRUE;
  pa_threaded_mainloop_signal (self->loop, 0);
  pa_threaded_mainloop_unlock (self->loop);
  return TRUE;
}

static gboolean
unlock_stop (GstBaseSrc *base)
{
  RegiaPulse *self = (RegiaPulse *)base;

  if (self->loop == NULL)
    return TRUE;
  pa_threaded_mainloop_lock (self->loop);
  self->flushing = FALSE;
  pa_threaded_mainloop_unlock (self->loop);
  return TRUE;
}

/* With the loop's lock: waits for sound. */
static GstFlowReturn
wait_for_data (RegiaPulse *self)
{
  if (pa_stream_is_corked (self->stream) > 0) {
    pa_operation *operation = pa_stream_cork (self->stream, 0, NULL, NULL);
    if (operation)
      pa_operation_unref (operation);
  }
  while (!self->flushing && pa_stream_readable_size (self->stream) == 0) {
    if (!PA_STREAM_IS_GOOD (pa_stream_get_state (self->stream)) ||
        !PA_CONTEXT_IS_GOOD (pa_context_get_state (self->context)))
      return GST_FLOW_ERROR;
    pa_threaded_mainloop_wait (self->loop);
  }
  return self->flushing ? GST_FLOW_FLUSHING : GST_FLOW_OK;
}

/* When the first sample of @size bytes that have just come was taken, by the pipeline's clock. */
static guint64
began_ns (RegiaPulse *self, gsize size)
{
  g_autoptr (GstClock) clock = gst_element_get_clock (GST_ELEMENT (self));
  guint64 now_ns = clock ? gst_clock_get_time (clock) - gst_element_get_base_time (GST_ELEMENT (self)) : 0;
  guint64 lasts_ns =
      gst_util_uint64_scale (size / (gsize)self->info.bpf, GST_SECOND, (guint64)self->info.rate);

  return now_ns > lasts_ns ? now_ns - lasts_ns : 0;
}

static GstFlowReturn
create (GstPushSrc *base, GstBuffer **ret_buffer)
{
  RegiaPulse *self = (RegiaPulse *)base;
  GstBuffer *buffer = NULL;
  GstFlowReturn flow;
  const void *data;
  size_t size = 0;
  int code = 0;

  pa_threaded_mainloop_lock (self->loop);
  flow = wait_for_data (self);
  if (flow == GST_FLOW_OK && pa_stream_peek (self->stream, &data, &size) < 0)
    flow = GST_FLOW_ERROR;
  if (flow == GST_FLOW_OK) {
    buffer = gst_buffer_new_allocate (NULL, size, NULL);
    if (data)
      gst_buffer_fill (buffer, 0, data, size);
    else /* a hole in what the server could keep: as long as what is lost */
      gst_buffer_memset (buffer, 0, 0, size);
    pa_stream_drop (self->stream);
  } else if (flow == GST_FLOW_ERROR)
    code = pa_context_errno (self->context);
  pa_threaded_mainloop_unlock (self->loop);
  if (flow != GST_FLOW_OK) {
    if (flow == GST_FLOW_ERROR)
      complain (self, code);
    return flow;
  }
  if (!GST_CLOCK_TIME_IS_VALID (self->first_ns)) {
    self->first_ns = began_ns (self, size);
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  }
  GST_BUFFER_PTS (buffer) =
      self->first_ns + gst_util_uint64_scale (self->samples, GST_SECOND, (guint64)self->info.rate);
  self->samples += size / (gsize)self->info.bpf;
  GST_BUFFER_DURATION (buffer) = self->first_ns +
                                 gst_util_uint64_scale (self->samples, GST_SECOND, (guint64)self->info.rate) -
                                 GST_BUFFER_PTS (buffer);
  *ret_buffer = buffer;
  return GST_FLOW_OK;
}

static void
set_property (GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
  RegiaPulse *self = (RegiaPulse *)object;
  char **fields[] = {NULL, &self->server, &self->device, &self->client_name};
  const char *text = g_value_get_string (value);

  g_free (*fields[id]);
  *fields[id] = text && *text ? g_strdup (text) : NULL;
}

static void
finalize (GObject *object)
{
  RegiaPulse *self = (RegiaPulse *)object;

  g_free (self->server);
  g_free (self->device);
  g_free (self->client_name);
  G_OBJECT_CLASS (regia_pulse_parent_class)->finalize (object);
}

static void
regia_pulse_init (RegiaPulse *self)
{
  gst_audio_info_init (&self->info);
  gst_base_src_set_live (GST_BASE_SRC (self), TRUE);
  gst_base_src_set_format (GST_BASE_SRC (self), GST_FORMAT_TIME);
}

static void
regia_pulse_class_init (RegiaPulseClass *class)
{
  static const char *const names[] = {NULL, "server", "device", "client-name"};
  GstElementClass *element = GST_ELEMENT_CLASS (class);
  GstBaseSrcClass *base = GST_BASE_SRC_CLASS (class);
  g_autoptr (GstCaps) caps = gst_caps_from_string (
      "audio/x-raw,format=" GST_AUDIO_NE (F32) ",layout=interleaved,rate=[1,384000],channels=[1,32]");

  G_OBJECT_CLASS (class)->set_property = set_property;
  G_OBJECT_CLASS (class)->finalize = finalize;
  for (guint i = PROP_SERVER; i <= PROP_CLIENT_NAME; i++)
    g_object_class_install_property (
        G_OBJECT_CLASS (class), i,
        g_param_spec_string (names[i], NULL, NULL, NULL, G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS));
  gst_element_class_add_pad_template (element,
                                      gst_pad_template_new ("src", GST_PAD_SRC, GST_PAD_ALWAYS, caps));
  gst_element_class_set_static_metadata (element, "Regia pulse", "Source/Audio",
                                         "Records all channels of a device of a PulseAudio server", "Regia");
  base->start = start;
  base->stop = stop;
  base->get_caps = get_caps;
  base->unlock = unlock;
  base->unlock_stop = unlock_stop;
  GST_PUSH_SRC_CLASS (class)->create = create;
}

gboolean
regia_pulse_register (void)
{
  return gst_element_register (NULL, "regiapulse", GST_RANK_NONE, regia_pulse_get_type ());
}
