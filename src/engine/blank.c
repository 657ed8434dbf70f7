/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "blank-private.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "encoder-private.h"
#include "grid-private.h"
#include "regia/base/clock.h"
#include "regia/base/error.h"
#include "regia/base/scrub.h"
#include "slate-private.h"

/*
 * RegiaBlank encodes the slate and silence. Each track has a little pipeline of its own, one after the other:
 *
 *   pad of this thread ─ capsfilter ─ RegiaEncoder (unqueued: encode file, packets)
 *
 * The frames are pushed from the blank's own thread, and the encoder runs on it, so that all of its work has
 * this thread's low priority, as have the threads that an encoder starts for itself. No clock: as fast as the
 * processor has time to spare.
 *
 * Life cycle: new → (thread: draws, encodes, calls back, ends) → free. What was made is immutable from the
 * call back on. Owner: RegiaProgramme.
 */

/* Below all that the programme does, above what is done for the library. */
#define NICE 10
/* Sound: blocks put in, and of the packets that come out those kept. The first ones still hold the encoder's
 * start, the last ones its end. */
enum { BLOCKS = 24, SETTLED = 8, KEPT = 8 };
#define BLOCK_NS   (20 * REGIA_MSECOND)
#define BLOCK_SIZE (960 * 2 * sizeof (gint16))
/* Not the programme's floats: on their way to an encoder that takes 16 bits they are dithered, and silence
 * would be noise at −86 dBFS, which a decoder of Opus comes down to in steps only. */
#define SILENCE_CAPS                                                                                         \
  "audio/x-raw,format=S16LE,rate=48000,channels=2,layout=interleaved,channel-mask=(bitmask)0x3"
/* What an encode file with a queue of its own may take after the last frame. */
#define DRAIN_NS (10 * REGIA_SECOND)

/* One track's blank. */
typedef struct {
  RegiaEncoderSpec *spec; /* (owned) a copy: the encoder's own may change */
  RegiaTrack *track;      /* (owned) (nullable): what its encoder says of itself */
  GPtrArray *payloads;    /* (element-type GBytes) (owned) */
  gboolean closed;        /* the first is a keyframe */
  gint64 duration_ns;
  GError *error; /* (owned) (nullable) */
} Made;

struct _RegiaBlank {
  const RegiaConfigValues *config;
  char *video_caps, *audio_caps; /* (owned) */
  GPtrArray *made; /* (element-type Made) (owned) by track id; the thread's until it calls back */
  GThread *thread;
  GCancellable *cancellable; /* (owned) */
  RegiaBlankFunc done_cb;
  gpointer user_data;
};

static void
made_free (gpointer data)
{
  Made *self = data;

  g_clear_pointer (&self->track, regia_track_unref);
  regia_encoder_spec_clear (self->spec);
  g_free (self->spec);
  g_ptr_array_unref (self->payloads);
  g_clear_error (&self->error);
  g_free (self);
}

static void
on_track_cb (RegiaTrack *track, gpointer user_data)
{
  Made *self = user_data;

  g_clear_pointer (&self->track, regia_track_unref);
  self->track = track;
}

/* Copied: the memory may be of an encoder's pool that has only so much. */
static void
on_packet_cb (RegiaPacket *packet, gpointer user_data)
{
  Made *self = user_data;
  gsize size;
  const void *data = g_bytes_get_data (packet->payload, &size);

  if (self->payloads->len == 0) {
    self->closed = regia_packet_is_keyframe (packet);
    self->duration_ns = packet->duration_ns;
  }
  g_ptr_array_add (self->payloads, g_bytes_new (data, size));
  regia_packet_unref (packet);
}

/* The pad that frames are pushed from; open for @caps_text. Time begins at @start_ns. */
static GstPad *
open_pad (GstElement *head, const char *caps_text, gint64 start_ns)
{
  GstPad *pad = gst_object_ref_sink (gst_pad_new ("blank", GST_PAD_SRC));
  g_autoptr (GstPad) in = gst_element_get_static_pad (head, "sink");
  g_autoptr (GstCaps) caps = gst_caps_from_string (caps_text);
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = segment.base = segment.time = segment.position = (guint64)start_ns;
  gst_pad_set_active (pad, TRUE);
  gst_pad_link (pad, in);
  gst_pad_push_event (pad, gst_event_new_stream_start ("blank"));
  gst_pad_push_event (pad, gst_event_new_caps (caps));
  gst_pad_push_event (pad, gst_event_new_segment (&segment));
  return pad;
}

static void
set_stream_error (GstElement *pipeline, GstFlowReturn flow, GError **error)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  g_autoptr (GError) cause = NULL;

  if (message) {
    gst_message_parse_error (message, &cause, NULL);
    regia_scrub_error (cause, NULL);
  }
  g_set_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA, "its encoder cannot make the slate: %s",
               cause ? cause->message : gst_flow_get_name (flow));
}

/* Frame or block @n, which is @content. */
static GstBuffer *
next_buffer (const RegiaEncoderSpec *spec, GstBuffer *content, guint n, gint64 start_ns)
{
  GstBuffer *buffer = gst_buffer_copy (content);
  gint64 pts_ns = spec->width ? regia_grid_time (n, spec->rate_num, spec->rate_den) : n * BLOCK_NS;
  gint64 end_ns =
      spec->width ? regia_grid_time ((gint64)n + 1, spec->rate_num, spec->rate_den) : pts_ns + BLOCK_NS;

  GST_BUFFER_PTS (buffer) = (GstClockTime)(start_ns + pts_ns);
  GST_BUFFER_DTS (buffer) = GST_CLOCK_TIME_NONE;
  GST_BUFFER_DURATION (buffer) = (GstClockTime)(end_ns - pts_ns);
  return buffer;
}

/* Puts @content @count times through an encoder as @made's, and all that it makes into @made. */
static gboolean
encode (RegiaBlank *self, Made *made, const char *caps, GstBuffer *content, guint count, gint64 start_ns,
        GError **error)
{
  g_autoptr (GstElement) pipeline = gst_object_ref_sink (gst_pipeline_new (NULL));
  GstElement *head = gst_element_factory_make ("capsfilter", NULL);
  RegiaEncoderSpec spec = *made->spec;
  g_autoptr (RegiaEncoder) encoder = NULL;
  g_autoptr (GstPad) pad = NULL;
  GstFlowReturn flow = GST_FLOW_OK;

  spec.may_shed = FALSE;
  spec.unqueued = TRUE;
  gst_bin_add (GST_BIN (pipeline), head);
  encoder = regia_encoder_new (&spec, GST_BIN (pipeline), head, on_track_cb, on_packet_cb, made, error);
  if (encoder == NULL)
    return FALSE;
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  pad = open_pad (head, caps, start_ns);
  for (guint i = 0; i < count && flow == GST_FLOW_OK && !g_cancellable_is_cancelled (self->cancellable); i++)
    flow = gst_pad_push (pad, next_buffer (&spec, content, i, start_ns));
  if (flow != GST_FLOW_OK)
    set_stream_error (pipeline, flow, error);
  else if (!g_cancellable_set_error_if_cancelled (self->cancellable, error)) {
    gst_pad_push_event (pad, gst_event_new_eos ());
    if (!regia_encoder_wait_drained (encoder, regia_clock_monotonic_ns () + DRAIN_NS)) {
      flow = GST_FLOW_ERROR;
      g_set_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA, "its encoder does not end the slate");
    }
  } else
    flow = GST_FLOW_FLUSHING;
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return flow == GST_FLOW_OK;
}

static gboolean
make_video (RegiaBlank *self, Made *made, GstBuffer *slate, GError **error)
{
  const RegiaEncoderSpec *spec = made->spec;
  /* Of a rate like 29.97 a segment has now one frame more, now one less; the first has the most. */
  guint count = (guint)regia_grid_frame_after (spec->keyframe_ns, spec->rate_num, spec->rate_den);
  g_autofree char *caps =
      g_strdup_printf ("%s,framerate=%u/%u", self->video_caps, spec->rate_num, spec->rate_den);

  if (!encode (self, made, caps, slate, count, 0, error))
    return FALSE;
  if (made->payloads->len == count && made->closed)
    return TRUE;
  g_set_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA, "its encoder makes %u pictures of %u, the first %s",
               made->payloads->len, count, made->closed ? "a keyframe" : "not a keyframe");
  return FALSE;
}

static gboolean
make_audio (RegiaBlank *self, Made *made, GError **error)
{
  g_autoptr (GstBuffer) silence = gst_buffer_new_allocate (NULL, BLOCK_SIZE, NULL);

  gst_buffer_memset (silence, 0, 0, BLOCK_SIZE);
  /* Not from 0 on: an encoder's priming comes before the first block. */
  if (!encode (self, made, SILENCE_CAPS, silence, BLOCKS, REGIA_SECOND, error))
    return FALSE;
  if (made->payloads->len < SETTLED + KEPT) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA, "its encoder makes %u frames of silence of %d",
                 made->payloads->len, BLOCKS);
    return FALSE;
  }
  g_ptr_array_set_size (made->payloads, SETTLED + KEPT);
  g_ptr_array_remove_range (made->payloads, 0, SETTLED);
  made->duration_ns = made->track && made->track->codec == REGIA_CODEC_AAC
                          ? 1024 * REGIA_SECOND / made->track->sample_rate
                          : BLOCK_NS;
  return TRUE;
}

/* Without fonts there is still the dark ground. */
static GstBuffer *
draw (RegiaBlank *self)
{
  g_autoptr (GError) error = NULL;
  GstBuffer *slate = regia_slate_draw_break (self->config, self->video_caps, self->cancellable, &error);

  if (error)
    g_debug ("blank: %s", error->message);
  return slate ? slate : regia_slate_plain (self->config->width, self->config->height);
}

static void
log_figures (RegiaBlank *self, gint64 begun_ns)
{
  struct rusage usage;
  gsize packets = 0, bytes = 0;

  for (guint i = 0; i < self->made->len; i++) {
    const Made *made = g_ptr_array_index (self->made, i);

    packets += made->payloads->len;
    for (guint j = 0; j < made->payloads->len; j++)
      bytes += g_bytes_get_size (g_ptr_array_index (made->payloads, j));
  }
  getrusage (RUSAGE_THREAD, &usage);
  g_debug ("blank: %" G_GSIZE_FORMAT " packets of %u tracks, %" G_GSIZE_FORMAT " kB, in %" G_GINT64_FORMAT
           " ms, of which %ld ms on the processor",
           packets, self->made->len, bytes / 1000, (regia_clock_monotonic_ns () - begun_ns) / REGIA_MSECOND,
           (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
               (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000);
}

static gpointer
blank_thread (gpointer user_data)
{
  RegiaBlank *self = user_data;
  gint64 begun_ns = regia_clock_monotonic_ns ();
  g_autoptr (GstBuffer) slate = NULL;

  if (setpriority (PRIO_PROCESS, (id_t)syscall (SYS_gettid), NICE) != 0)
    g_debug ("blank: stays at the usual priority");
  slate = draw (self);
  for (guint i = 0; i < self->made->len && !g_cancellable_is_cancelled (self->cancellable); i++) {
    Made *made = g_ptr_array_index (self->made, i);

    if (made->spec->width ? make_video (self, made, slate, &made->error)
                          : make_audio (self, made, &made->error))
      continue;
    g_ptr_array_set_size (made->payloads, 0);
  }
  if (g_cancellable_is_cancelled (self->cancellable))
    return NULL;
  log_figures (self, begun_ns);
  self->done_cb (self, self->user_data);
  return NULL;
}

RegiaBlank *
regia_blank_new (const RegiaConfigValues *config, const char *video_caps, GPtrArray *encoders,
                 RegiaBlankFunc done_cb, gpointer user_data)
{
  RegiaBlank *self = g_new0 (RegiaBlank, 1);

  self->config = config;
  self->video_caps = g_strdup (video_caps);
  self->made = g_ptr_array_new_with_free_func (made_free);
  for (guint i = 0; i < encoders->len; i++) {
    Made *made = g_new0 (Made, 1);

    made->spec = g_new0 (RegiaEncoderSpec, 1);
    regia_encoder_spec_copy (regia_encoder_get_spec (g_ptr_array_index (encoders, i)), made->spec);
    made->payloads = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
    g_ptr_array_add (self->made, made);
  }
  self->cancellable = g_cancellable_new ();
  self->done_cb = done_cb;
  self->user_data = user_data;
  self->thread = g_thread_new ("blank", blank_thread, self);
  return self;
}

void
regia_blank_free (RegiaBlank *self)
{
  if (self == NULL)
    return;
  g_cancellable_cancel (self->cancellable);
  g_thread_join (self->thread);
  g_object_unref (self->cancellable);
  g_ptr_array_unref (self->made);
  g_free (self->video_caps);
  g_free (self);
}

GPtrArray *
regia_blank_get (RegiaBlank *self, const RegiaTrack *track, gint64 *ret_duration_ns, GError **error)
{
  const Made *made = g_ptr_array_index (self->made, track->id);

  if (made->error || made->track == NULL || !regia_track_same_parameters (made->track, track)) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA, "track %s has nothing to show while private: %s",
                 track->name,
                 made->error ? made->error->message : "its encoder gives the slate other parameters");
    return NULL;
  }
  *ret_duration_ns = made->duration_ns;
  return made->payloads;
}
