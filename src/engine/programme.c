/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "programme-private.h"

#include "compositor-private.h"
#include "grid-private.h"
#include "launch-private.h"
#include "mix-private.h"
#include "programme-sound-private.h"
#include "regia/base/error.h"
#include "regia/base/scrub.h"
#include "regia/base/thread.h"
#include "rendition-private.h"
#include "scene-mixer-private.h"
#include "show-clock-private.h"
#include "slate-private.h"
#include "track-table-private.h"
#include "trial-private.h"

/*
 * RegiaProgramme is the pipeline that never stops:
 *
 *   slate   appsrc ─┐
 *   picture appsrc ─┼─ compositor ─ tee ─ encoder …          one for each rendition
 *   sound   appsrc ─── audiomixer ─ (leveller) ─ (limiter) ─ tee ─ encoder …  one mixer for each language,
 * AAC and Opus behind it
 *
 * The clock reads show time and the base time is 0, so running time is show time. Mixers are live by force:
 * they make their output by the clock, some time after its own has come (mix-wait.c), from whatever has
 * arrived by then; a mixer without inputs makes slate or silence. Each appsrc is the leaky queue that must
 * stand before every mixer pad: what the mixer cannot take, it drops, and never holds up a source.
 *
 * Life cycle: new → add_picture / add_sound → start → end → wait_drained → free. Owner: RegiaEngine.
 *
 * Threads: built on the main thread; encoders' streaming threads come in through on_track_cb() and
 * on_packet_cb(), the compositor's through on_frame_cb(), the slate's through on_slate_cb(), the blank's
 * through on_blank_cb(). `lock` (a leaf) guards the counters.
 */

#define HIDDEN_AFTER_NS (500 * REGIA_MSECOND)

struct _RegiaProgramme {
  const RegiaConfigValues *config; /* (unowned) */
  RegiaEpoch epoch;
  RegiaFeedLog *log; /* (unowned) */
  RegiaProgrammeFailedFunc failed_cb;
  gpointer user_data;
  char *video_caps; /* (owned) of inputs of any rate */
  char *out_caps;   /* (owned) … with the programme's */

  GstElement *pipeline;       /* (owned) */
  GstElement *compositor;     /* (unowned) in the pipeline */
  RegiaSceneMixer *scenes;    /* (owned) */
  RegiaOverlay *overlay;      /* (owned) */
  RegiaProgrammeSound *sound; /* (owned) */
  RegiaMixWait *wait;         /* (owned) */
  GPtrArray *tees;            /* (element-type GstElement) (unowned) picture, then each language */
  RegiaTrackTable *tracks;    /* (owned) */
  GPtrArray *encoders;        /* (element-type RegiaEncoder) (owned) */
  GPtrArray *previews;        /* (element-type RegiaPreview) (owned) main thread; the programme's first */
  RegiaPreview *preview;      /* (unowned) that: fixed, also for the compositor's thread */
  RegiaTrack *meters;         /* (owned) (nullable) */
  GstAppSrc *slate;           /* (owned) */
  GThread *slate_thread;      /* (owned) (nullable) */
  GCancellable *slate_ending; /* (owned) */
  RegiaBlank *blank;          /* (owned) (nullable): from start on; main thread */
  guint bus_watch;
  const char *chosen; /* (nullable): encode file for those with encoder = auto */
  char *chosen_why;   /* (owned) (nullable) */
  int ending;         /* atomic: no more buffers pass the mixers */

  GMutex lock; /* guards what follows */
  RegiaProgrammeStats stats;
  gint64 next_frame; /* grid number expected next; −1 at first */
  char *slate_error; /* (owned) (nullable) */
};

/* Encoders' streaming threads. */
static void
on_track_cb (RegiaTrack *track, gpointer user_data)
{
  regia_track_table_set (((RegiaProgramme *)user_data)->tracks, track);
}

static void
on_packet_cb (RegiaPacket *packet, gpointer user_data)
{
  regia_track_table_append (((RegiaProgramme *)user_data)->tracks, packet);
}

/* Between a mixer and its encoders. The end is sent from here, so that nobody has to wait for a streaming
 * thread that may be stuck. */
static GstPadProbeReturn
on_mixed_buffer_cb (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  RegiaProgramme *self = user_data;

  if (!g_atomic_int_get (&self->ending))
    return GST_PAD_PROBE_OK;
  gst_pad_send_event (pad, gst_event_new_eos ());
  return GST_PAD_PROBE_DROP;
}

static GstPadProbeReturn
on_frame_cb (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  RegiaProgramme *self = user_data;
  gint64 pts_ns = (gint64)GST_BUFFER_PTS (GST_PAD_PROBE_INFO_BUFFER (info));
  gint64 frame = regia_grid_frame (pts_ns, self->config->rate_num, self->config->rate_den);
  gint64 due_ns = pts_ns + regia_mix_wait_get_ns (self->wait);

  g_mutex_lock (&self->lock);
  self->stats.frames++;
  if (self->next_frame >= 0 && frame > self->next_frame)
    self->stats.missed += (guint64)(frame - self->next_frame);
  self->next_frame = frame + 1;
  self->stats.last_frame_ns = regia_clock_monotonic_ns ();
  self->stats.behind_ns = regia_epoch_show_time (&self->epoch) - due_ns;
  g_mutex_unlock (&self->lock);
  regia_scene_mixer_next_frame (self->scenes);
  GST_PAD_PROBE_INFO_DATA (info) = regia_overlay_next_frame (self->overlay, GST_PAD_PROBE_INFO_BUFFER (info));
  regia_preview_offer (self->preview, GST_PAD_PROBE_INFO_BUFFER (info),
                       (gint64)GST_BUFFER_PTS (GST_PAD_PROBE_INFO_BUFFER (info)));
  return GST_PAD_PROBE_OK;
}

/* The slate's thread. Its frame takes the plain one's place from now on. */
static void
on_slate_cb (GstBuffer *frame, const GError *error, gpointer user_data)
{
  RegiaProgramme *self = user_data;

  g_mutex_lock (&self->lock);
  self->slate_error = error ? g_strdup (error->message) : NULL;
  g_mutex_unlock (&self->lock);
  if (frame == NULL)
    return;
  GST_BUFFER_PTS (frame) = (GstClockTime)MAX (regia_epoch_show_time (&self->epoch), 0);
  GST_BUFFER_DTS (frame) = GST_BUFFER_DURATION (frame) = GST_CLOCK_TIME_NONE;
  gst_app_src_push_buffer (self->slate, frame);
}

/* The blank's thread. */
static void
on_blank_cb (RegiaBlank *blank, gpointer user_data)
{
  regia_track_table_set_blank (((RegiaProgramme *)user_data)->tracks, blank);
}

static gboolean
on_message_cb (GstBus *bus, GstMessage *message, gpointer user_data)
{
  RegiaProgramme *self = user_data;
  g_autoptr (GError) error = NULL;

  switch (GST_MESSAGE_TYPE (message)) {
  case GST_MESSAGE_ERROR:
    /* An input that was just taken out (mix.c) says that there is nobody to push to. */
    if (GST_MESSAGE_SRC (message) != NULL &&
        !gst_object_has_as_ancestor (GST_MESSAGE_SRC (message), GST_OBJECT (self->pipeline)))
      break;
    gst_message_parse_error (message, &error, NULL);
    regia_scrub_error (error, NULL);
    g_prefix_error (&error, "the programme's %s: ", GST_OBJECT_NAME (GST_MESSAGE_SRC (message)));
    self->failed_cb (error, self->user_data);
    break;
  case GST_MESSAGE_WARNING:
    gst_message_parse_warning (message, &error, NULL);
    regia_scrub_error (error, NULL);
    g_debug ("programme: %s", error->message);
    break;
  default:
    break;
  }
  return G_SOURCE_CONTINUE;
}

static void
take_tee (RegiaProgramme *self, GstElement *tee)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (tee, "sink");

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, on_mixed_buffer_cb, self, NULL);
  g_ptr_array_add (self->tees, tee);
}

static gboolean
add_encoder (RegiaProgramme *self, RegiaEncoderSpec *spec, guint tee, GError **error)
{
  RegiaEncoder *encoder;

  spec->track_id = regia_track_table_add (self->tracks);
  encoder = regia_encoder_new (spec, GST_BIN (self->pipeline), g_ptr_array_index (self->tees, tee),
                               on_track_cb, on_packet_cb, self, error);
  if (encoder == NULL)
    return FALSE;
  g_ptr_array_add (self->encoders, encoder);
  return TRUE;
}

/* For the first rendition that leaves it to us, which is the largest; the others take the same. */
static const char *
choose_encoder (RegiaProgramme *self, const RegiaEncoderSpec *spec, GError **error)
{
  if (self->chosen == NULL) {
    self->chosen = regia_trial_choose (spec, &self->chosen_why);
    if (self->chosen)
      g_message ("encoder = auto: %s%s%s", self->chosen, self->chosen_why[0] ? ", because " : "",
                 self->chosen_why);
  }
  if (self->chosen == NULL)
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_UNAVAILABLE, "encoder = auto: none works: %s",
                 self->chosen_why);
  return self->chosen;
}

static gboolean
add_rendition (RegiaProgramme *self, const RegiaConfigRendition *rendition, GError **error)
{
  RegiaEncoderSpec spec;
  gboolean ok = TRUE;

  regia_rendition_spec (self->config, rendition, &spec);
  if (spec.automatic) {
    g_free ((char *)spec.encoder);
    spec.encoder = g_strdup (choose_encoder (self, &spec, error));
    ok = spec.encoder != NULL;
  }
  ok = ok && add_encoder (self, &spec, 0, error);
  regia_encoder_spec_clear (&spec);
  return ok;
}

static gboolean
add_language (RegiaProgramme *self, const RegiaConfigAudio *audio, guint index, GError **error)
{
  RegiaEncoderSpec specs[2];
  GstElement *tee;
  gboolean ok = TRUE;

  if (!regia_programme_sound_add_language (self->sound, index, &tee, error))
    return FALSE;
  take_tee (self, tee);
  regia_rendition_sound_specs (audio, specs);
  for (guint i = 0; i < G_N_ELEMENTS (specs); i++) {
    ok = ok && add_encoder (self, &specs[i], index + 1, error);
    regia_encoder_spec_clear (&specs[i]);
  }
  return ok;
}

/* A track that no encoder makes. */
static void
add_meters (RegiaProgramme *self)
{
  g_autoptr (GBytes) nothing = g_bytes_new_static (NULL, 0);

  self->meters =
      regia_track_new (regia_track_table_add (self->tracks), "meters", "", REGIA_CODEC_JSON, nothing);
  regia_track_table_set (self->tracks, regia_track_ref (self->meters));
}

static RegiaPreview *
add_preview (RegiaProgramme *self, const char *name)
{
  g_autofree char *track = g_strconcat ("preview/", name, NULL);
  guint id = regia_track_table_add (self->tracks);
  RegiaPreview *preview;

  if (id == REGIA_TRACKS_MAX)
    return NULL;
  preview = regia_preview_new (id, track, self->out_caps, self->config->width, self->config->height,
                               on_packet_cb, self);
  g_ptr_array_add (self->previews, preview);
  regia_track_table_set (self->tracks, regia_track_ref (regia_preview_get_track (preview)));
  return preview;
}

static gboolean
build (RegiaProgramme *self, GError **error)
{
  const RegiaConfigValues *config = self->config;
  g_autofree char *slate_caps = g_strdup_printf ("%s,framerate=0/1", self->video_caps);
  g_autoptr (GstPad) pad = NULL, slate_pad = NULL;
  GstElement *tee;

  self->compositor =
      regia_mix_new (GST_BIN (self->pipeline), REGIA_COMPOSITOR, self->out_caps, self->wait, &tee, error);
  if (self->compositor == NULL)
    return FALSE;
  regia_compositor_set_scenes (self->compositor, self->scenes);
  take_tee (self, tee);
  g_object_set (self->compositor, "background", 1 /* black */, "max-threads", 1u, NULL);
  pad = gst_element_get_static_pad (self->compositor, "src");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, on_frame_cb, self, NULL);
  self->slate =
      regia_mix_add_input (GST_BIN (self->pipeline), NULL, self->compositor, slate_caps, 0, &slate_pad);
  g_object_set (slate_pad, "zorder", 0u, NULL);

  for (guint i = 0; i < config->renditions->len; i++)
    if (!add_rendition (self, g_ptr_array_index (config->renditions, i), error))
      return FALSE;
  for (guint i = 0; i < config->audios->len; i++)
    if (!add_language (self, g_ptr_array_index (config->audios, i), i, error))
      return FALSE;
  if (config->audios->len > 0)
    add_meters (self);
  self->preview = add_preview (self, REGIA_CONFIG_PROGRAMME);
  return TRUE;
}

RegiaProgramme *
regia_programme_new (const RegiaConfigValues *config, const RegiaEpoch *epoch, RegiaFeedLog *log,
                     RegiaProgrammeFailedFunc failed_cb, gpointer user_data, GError **error)
{
  REGIA_ON_THREAD_VAL (NULL, NULL);

  g_autoptr (RegiaProgramme) self = g_new0 (RegiaProgramme, 1);
  g_autoptr (GstClock) clock = regia_show_clock_new (epoch);
  g_autoptr (GstBus) bus = NULL;

  self->config = config;
  self->epoch = *epoch;
  self->log = log;
  self->failed_cb = failed_cb;
  self->user_data = user_data;
  self->video_caps = regia_rendition_caps (config);
  self->out_caps =
      g_strdup_printf ("%s,framerate=%u/%u", self->video_caps, config->rate_num, config->rate_den);
  self->scenes = regia_scene_mixer_new (config->width, config->height, config->rate_num, config->rate_den);
  self->overlay = regia_overlay_new (config->width, config->height, config->rate_num, config->rate_den);
  self->tees = g_ptr_array_new ();
  self->previews = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_preview_unref);
  self->encoders = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_encoder_free);
  self->tracks = regia_track_table_new (log);
  self->next_frame = -1;
  g_mutex_init (&self->lock);
  self->slate_ending = g_cancellable_new ();
  self->pipeline = gst_object_ref_sink (gst_pipeline_new ("programme"));
  self->wait =
      regia_mix_wait_new (regia_grid_time (1, config->rate_num, config->rate_den), config->latency_ms);
  self->sound = regia_programme_sound_new (config, GST_BIN (self->pipeline), self->wait);
  gst_pipeline_use_clock (GST_PIPELINE (self->pipeline), clock);
  gst_element_set_start_time (self->pipeline, GST_CLOCK_TIME_NONE);
  bus = gst_element_get_bus (self->pipeline);
  self->bus_watch = gst_bus_add_watch (bus, on_message_cb, self);
  return build (self, error) ? g_steal_pointer (&self) : NULL;
}

void
regia_programme_free (RegiaProgramme *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < self->previews->len; i++)
    regia_preview_close (g_ptr_array_index (self->previews, i));
  if (self->pipeline)
    gst_element_set_state (self->pipeline, GST_STATE_NULL);
  g_cancellable_cancel (self->slate_ending);
  regia_blank_free (self->blank);
  if (self->slate_thread)
    g_thread_join (self->slate_thread);
  g_clear_handle_id (&self->bus_watch, g_source_remove);
  g_clear_object (&self->slate);
  g_clear_pointer (&self->pipeline, gst_object_unref);
  regia_scene_mixer_free (self->scenes);
  regia_overlay_free (self->overlay);
  g_ptr_array_unref (self->encoders);
  regia_programme_sound_free (self->sound);
  regia_mix_wait_unref (self->wait);
  g_ptr_array_unref (self->tees);
  g_ptr_array_unref (self->previews);
  g_clear_pointer (&self->meters, regia_track_unref);
  regia_track_table_free (self->tracks);
  g_mutex_clear (&self->lock);
  g_clear_object (&self->slate_ending);
  g_free (self->slate_error);
  g_free (self->chosen_why);
  g_free (self->video_caps);
  g_free (self->out_caps);
  g_free (self);
}

const char *
regia_programme_video_caps (RegiaProgramme *self)
{
  return self->video_caps;
}

const char *
regia_programme_audio_caps (RegiaProgramme *self)
{
  return REGIA_PROGRAMME_SOUND_CAPS;
}

GstAppSrc *
regia_programme_add_picture (RegiaProgramme *self, const char *source, gint64 queue_ns,
                             const RegiaScene *scene)
{
  REGIA_ON_THREAD_VAL (NULL, NULL);

  g_autoptr (GstPad) pad = NULL;
  GstAppSrc *input =
      regia_mix_add_input (GST_BIN (self->pipeline), NULL, self->compositor, self->out_caps, queue_ns, &pad);

  g_object_set (pad, "max-last-buffer-repeat", (guint64)HIDDEN_AFTER_NS, NULL);
  regia_scene_mixer_add (self->scenes, source, pad, scene);
  return input;
}

void
regia_programme_remove_picture (RegiaProgramme *self, GstAppSrc *input)
{
  REGIA_ON_THREAD (NULL);

  g_autoptr (GstPad) out = gst_element_get_static_pad (GST_ELEMENT (input), "src");
  g_autoptr (GstPad) in = gst_pad_get_peer (out);

  regia_scene_mixer_remove (self->scenes, in);
  regia_mix_remove_input (GST_BIN (self->pipeline), NULL, self->compositor, input);
}

RegiaPreview *
regia_programme_add_preview (RegiaProgramme *self, const char *source)
{
  REGIA_ON_THREAD_VAL (NULL, NULL);
  return add_preview (self, source);
}

RegiaMixWait *
regia_programme_get_wait (RegiaProgramme *self)
{
  return self->wait;
}

void
regia_programme_remove_preview (RegiaProgramme *self, RegiaPreview *preview)
{
  REGIA_ON_THREAD (NULL);

  guint id = regia_preview_get_track (preview)->id;

  regia_preview_close (preview);
  g_ptr_array_remove (self->previews, preview);
  regia_track_table_remove (self->tracks, id);
}

RegiaIso *
regia_programme_add_iso (RegiaProgramme *self, const char *source, gboolean picture, gboolean sound)
{
  REGIA_ON_THREAD_VAL (NULL, NULL);

  RegiaEncoderSpec specs[2];
  RegiaIso *iso = NULL;

  regia_rendition_iso_specs (self->config, source, self->chosen, specs);
  specs[0].track_id = picture ? regia_track_table_reserve (self->tracks) : REGIA_TRACKS_MAX;
  specs[1].track_id = sound ? regia_track_table_reserve (self->tracks) : REGIA_TRACKS_MAX;
  if ((!picture || specs[0].track_id != REGIA_TRACKS_MAX) &&
      (!sound || specs[1].track_id != REGIA_TRACKS_MAX))
    iso = regia_iso_new (picture ? &specs[0] : NULL, sound ? &specs[1] : NULL, &self->epoch, on_track_cb,
                         on_packet_cb, self);
  else if (picture && specs[0].track_id != REGIA_TRACKS_MAX)
    regia_track_table_remove (self->tracks, specs[0].track_id);
  regia_encoder_spec_clear (&specs[0]);
  regia_encoder_spec_clear (&specs[1]);
  return iso;
}

void
regia_programme_remove_iso (RegiaProgramme *self, RegiaIso *iso)
{
  REGIA_ON_THREAD (NULL);

  guint64 ids = regia_iso_get_ids (iso);

  for (guint i = 0; i < REGIA_TRACKS_MAX; i++)
    if (ids >> i & 1)
      regia_track_table_remove (self->tracks, i);
}

void
regia_programme_set_wanted (RegiaProgramme *self, guint64 tracks)
{
  REGIA_ON_THREAD (NULL);

  guint watched = 0;

  for (guint i = 0; i < self->previews->len; i++)
    watched += (tracks >> regia_preview_get_track (g_ptr_array_index (self->previews, i))->id) & 1;
  for (guint i = 0; i < self->previews->len; i++) {
    RegiaPreview *preview = g_ptr_array_index (self->previews, i);
    gboolean wanted = (tracks >> regia_preview_get_track (preview)->id) & 1;

    regia_preview_set_rate (preview, wanted ? regia_preview_rate (watched) : 0);
  }
}

void
regia_programme_show (RegiaProgramme *self, const RegiaScene *scene, guint fade_ms)
{
  regia_scene_mixer_show (self->scenes, scene, fade_ms);
}

GstAppSrc *
regia_programme_add_still (RegiaProgramme *self, const char *source)
{
  REGIA_ON_THREAD_VAL (NULL, NULL);

  g_autofree char *caps = g_strdup_printf ("%s,framerate=0/1", self->video_caps);
  g_autoptr (GstPad) pad = NULL;
  GstAppSrc *input = regia_mix_add_input (GST_BIN (self->pipeline), NULL, self->compositor, caps, 0, &pad);

  regia_scene_mixer_add (self->scenes, source, pad, NULL);
  return input;
}

RegiaOverlay *
regia_programme_get_overlay (RegiaProgramme *self)
{
  return self->overlay;
}

void
regia_programme_hold_picture (GstAppSrc *source, gint64 hold_ns)
{
  g_autoptr (GstPad) out = gst_element_get_static_pad (GST_ELEMENT (source), "src");
  g_autoptr (GstPad) in = gst_pad_get_peer (out);

  if (in)
    g_object_set (in, "max-last-buffer-repeat", (guint64)MAX (hold_ns, HIDDEN_AFTER_NS), NULL);
}

GstAppSrc *
regia_programme_add_sound (RegiaProgramme *self, guint index, gint64 queue_ns, RegiaFader **ret_fader)
{
  REGIA_ON_THREAD_VAL (NULL, NULL);

  return regia_programme_sound_add_input (self->sound, index, queue_ns, ret_fader);
}

void
regia_programme_remove_sound (RegiaProgramme *self, guint index, GstAppSrc *input, RegiaFader *fader)
{
  REGIA_ON_THREAD (NULL);
  regia_programme_sound_remove_input (self->sound, index, input, fader);
}

void
regia_programme_set_tone (RegiaProgramme *self, gboolean on)
{
  regia_programme_sound_set_tone (self->sound, on);
}

gboolean
regia_programme_start (RegiaProgramme *self, GError **error)
{
  REGIA_ON_THREAD_VAL (NULL, FALSE);

  const RegiaConfigValues *config = self->config;
  /* What is due now has its time one latency ago: so the first frame need not be waited for. */
  gint64 due_ns = MAX (regia_epoch_show_time (&self->epoch) - regia_mix_wait_get_ns (self->wait), 0);
  gint64 start_ns = regia_grid_time (regia_grid_frame_after (due_ns, config->rate_num, config->rate_den),
                                     config->rate_num, config->rate_den);
  GstBuffer *slate = regia_slate_plain (config->width, config->height);

  GST_BUFFER_PTS (slate) = (GstClockTime)start_ns;
  gst_app_src_push_buffer (self->slate, slate);
  regia_scene_mixer_next_frame (self->scenes);

  gst_element_set_base_time (self->pipeline, 0);
  gst_element_set_state (self->pipeline, GST_STATE_PAUSED);
  regia_mix_set_start (self->compositor, start_ns);
  regia_programme_sound_set_start (self->sound, start_ns);
  if (gst_element_set_state (self->pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
    g_autoptr (GstBus) bus = gst_element_get_bus (self->pipeline);
    g_autoptr (GstMessage) message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
    g_autoptr (GError) cause = NULL;

    if (message)
      gst_message_parse_error (message, &cause, NULL);
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA, "the programme does not start: %s%s%s",
                 message ? GST_OBJECT_NAME (GST_MESSAGE_SRC (message)) : "", message ? ": " : "",
                 cause ? cause->message : "no reason given");
    return FALSE;
  }
  self->slate_thread = regia_slate_render (config, self->video_caps, self->slate_ending, on_slate_cb, self);
  self->blank = regia_blank_new (config, self->video_caps, self->encoders, on_blank_cb, self);
  return TRUE;
}

void
regia_programme_renew_blank (RegiaProgramme *self)
{
  REGIA_ON_THREAD (NULL);

  regia_track_table_set_blank (self->tracks, NULL);
  regia_blank_free (self->blank);
  self->blank = regia_blank_new (self->config, self->video_caps, self->encoders, on_blank_cb, self);
}

void
regia_programme_end (RegiaProgramme *self)
{
  g_atomic_int_set (&self->ending, TRUE);
}

gboolean
regia_programme_wait_drained (RegiaProgramme *self, gint64 until_ns)
{
  for (guint i = 0; i < self->encoders->len; i++)
    if (!regia_encoder_wait_drained (g_ptr_array_index (self->encoders, i), until_ns))
      return FALSE;
  return TRUE;
}

gboolean
regia_programme_is_ready (RegiaProgramme *self)
{
  return regia_track_table_is_complete (self->tracks);
}

void
regia_programme_get_stats (RegiaProgramme *self, RegiaProgrammeStats *ret_stats)
{
  g_mutex_lock (&self->lock);
  *ret_stats = self->stats;
  g_mutex_unlock (&self->lock);
}

GPtrArray *
regia_programme_get_encoders (RegiaProgramme *self)
{
  return self->encoders;
}

RegiaMeter *
regia_programme_get_meter (RegiaProgramme *self, guint index)
{
  return regia_programme_sound_get_meter (self->sound, index);
}

double
regia_programme_get_levelled_db (RegiaProgramme *self, guint index)
{
  return regia_programme_sound_get_levelled_db (self->sound, index);
}

void
regia_programme_give_meters (RegiaProgramme *self, GBytes *json, gint64 time_ns)
{
  REGIA_ON_THREAD (NULL);

  on_packet_cb (
      regia_packet_new (self->meters->id, REGIA_PACKET_KEYFRAME, time_ns, time_ns, REGIA_METER_STEP_NS, json),
      self);
}

char *
regia_programme_get_slate_error (RegiaProgramme *self)
{
  char *error;

  g_mutex_lock (&self->lock);
  error = g_strdup (self->slate_error ? self->slate_error : "");
  g_mutex_unlock (&self->lock);
  return error;
}

char *
regia_programme_get_blank_error (RegiaProgramme *self)
{
  return regia_track_table_get_blank_error (self->tracks);
}

const char *
regia_programme_get_chosen_why (RegiaProgramme *self)
{
  return self->chosen_why ? self->chosen_why : "";
}
