/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "look-private.h"

#include "bars-private.h"
#include "logo-private.h"
#include "regia/base/thread.h"
#include "slate-words-private.h"

/*
 * The main thread says what is wanted, and wakes the thread that draws. Only the last word counts: what was
 * wanted for less time than drawing takes is never drawn. Logo and slates are drawn once, when the programme
 * has started; each slate is a frame that its input repeats for ever, as that of the slate underneath. Over
 * the starting one the time that is left is drawn each second, on the second, and only while it is seen.
 *
 * Owner: RegiaEngine. `lock` guards what is wanted; nothing is drawn or called while it is held.
 */

typedef struct {
  char *name, *line; /* (owned); name "": none */
  gboolean at_once;
  gboolean changed; /* since it was looked at */
} Words;

/* What is wanted. */
typedef struct {
  Words caption;
  gboolean on_slate; /* one of the slates is shown */
  gboolean counting; /* … the starting one, and the hour is known */
} Wanted;

struct _RegiaLook {
  const RegiaConfigValues *config; /* (unowned) */
  RegiaMixWait *wait;              /* (owned) of the programme's mixers */
  RegiaEpoch epoch;
  RegiaProgramme *programme; /* (unowned) */
  RegiaStyle style;          /* fixed */
  GPtrArray *inputs;         /* (element-type GstAppSrc) (owned) of the slates, in the config's order */
  GCancellable *ending;      /* (owned) */
  GThread *thread;           /* (owned) (nullable); main thread */
  gboolean started;          /* main thread */
  gboolean tone, on_bars;    /* the tone is wanted, or comes with the bars; main thread */

  GMutex lock;
  GCond wake;
  Wanted wanted;
  gboolean changed;

  /* The thread's own. */
  RegiaRaster *logo; /* (owned) (nullable) */
  gboolean logo_shown;
  GstBuffer *starting;  /* (owned) (nullable): without a time */
  GstAppSrc *countdown; /* (unowned) (nullable): the starting slate's input */
  gint64 drawn_left_s;  /* … what it shows */
};

#define BARS "bars"

static const char *const kinds[] = {
    [REGIA_SLATE_STARTING] = "starting", [REGIA_SLATE_BREAK] = "break", [REGIA_SLATE_ENDING] = "ending"};

static void
words_clear (Words *words)
{
  g_free (words->name);
  g_free (words->line);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Words, words_clear)

RegiaLook *
regia_look_new (const RegiaConfigValues *config, const RegiaEpoch *epoch, RegiaProgramme *programme)
{
  REGIA_ON_THREAD_VAL (NULL, NULL);

  RegiaLook *self = g_new0 (RegiaLook, 1);

  self->config = config;
  self->wait = regia_mix_wait_ref (regia_programme_get_wait (programme));
  self->epoch = *epoch;
  self->programme = programme;
  self->style = (RegiaStyle){.width = config->width,
                             .height = config->height,
                             .colour = regia_ink_parse (config->look_colour),
                             .background = regia_ink_parse (config->look_background)};
  self->inputs = g_ptr_array_new_with_free_func (gst_object_unref);
  for (guint i = 0; config->look_slates[i] != NULL; i++)
    g_ptr_array_add (self->inputs, regia_programme_add_still (programme, config->look_slates[i]));
  self->ending = g_cancellable_new ();
  self->wanted.caption.name = g_strdup ("");
  self->wanted.caption.line = g_strdup ("");
  g_mutex_init (&self->lock);
  g_cond_init (&self->wake);
  return self;
}

void
regia_look_free (RegiaLook *self)
{
  if (self == NULL)
    return;
  g_cancellable_cancel (self->ending);
  g_mutex_lock (&self->lock);
  g_cond_signal (&self->wake);
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&self->thread, g_thread_join);
  g_ptr_array_unref (self->inputs);
  regia_mix_wait_unref (self->wait);
  g_clear_pointer (&self->logo, regia_raster_unref);
  gst_clear_buffer (&self->starting);
  words_clear (&self->wanted.caption);
  g_object_unref (self->ending);
  g_cond_clear (&self->wake);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* The thread that draws */

static void
push (RegiaLook *self, GstAppSrc *input, GstBuffer *frame, gint64 at_ns)
{
  GST_BUFFER_PTS (frame) = (GstClockTime)MAX (at_ns, 0);
  GST_BUFFER_DTS (frame) = GST_BUFFER_DURATION (frame) = GST_CLOCK_TIME_NONE;
  gst_app_src_push_buffer (input, frame);
}

/* What is mixed next has its time one latency ago. */
static gint64
next_frame_ns (RegiaLook *self)
{
  return regia_epoch_show_time (&self->epoch) - regia_mix_wait_get_ns (self->wait);
}

static gint64
left_ns (RegiaLook *self)
{
  return self->config->start_s * REGIA_SECOND - regia_clock_realtime_ns ();
}

/* Whole seconds, as people count down: 1 until the last one is over. */
static gint64
whole_seconds (gint64 ns)
{
  return ns > 0 ? (ns + REGIA_SECOND - 1) / REGIA_SECOND : ns / REGIA_SECOND - (ns % REGIA_SECOND != 0);
}

static void
count_down (RegiaLook *self, gint64 left_s, gint64 at_ns)
{
  g_autoptr (RegiaRaster) count = NULL;
  g_autoptr (GstBuffer) frame = gst_buffer_copy_deep (self->starting);
  GstVideoFrame mapped;
  GstVideoInfo info;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_I420, self->style.width, self->style.height);
  count = regia_slate_words_draw_count (&self->style, left_s);
  if (gst_video_frame_map (&mapped, &info, frame, GST_MAP_READWRITE)) {
    regia_raster_blend (count, &mapped, REGIA_RASTER_WHOLE);
    gst_video_frame_unmap (&mapped);
  }
  self->drawn_left_s = left_s;
  push (self, self->countdown, g_steal_pointer (&frame), at_ns);
}

/* The first time at once; then with the second that has just begun. */
static void
follow_clock (RegiaLook *self, gboolean just_shown)
{
  gint64 ns = left_ns (self), left_s = whole_seconds (ns);

  if (self->starting == NULL || left_s == self->drawn_left_s)
    return;
  count_down (self, left_s,
              just_shown ? next_frame_ns (self)
                         : regia_epoch_show_time (&self->epoch) - (left_s * REGIA_SECOND - ns));
}

static void
draw_slate (RegiaLook *self, RegiaSlateKind kind, GstAppSrc *input, cairo_surface_t *logo)
{
  g_autoptr (RegiaRaster) raster = regia_slate_words_draw (&self->style, self->config, kind, logo);
  GstBuffer *frame = regia_raster_to_frame (raster);

  if (kind == REGIA_SLATE_STARTING && self->config->start_s != 0) {
    self->starting = gst_buffer_copy_deep (frame);
    self->countdown = input;
  }
  push (self, input, frame, next_frame_ns (self));
}

static void
draw_fixed (RegiaLook *self)
{
  char **slates = self->config->look_slates;
  g_autoptr (cairo_surface_t) logo = NULL;
  g_autoptr (GError) error = NULL;

  if (self->config->look_logo != NULL) {
    logo = regia_logo_load (self->config->look_logo, self->ending, &error);
    if (logo != NULL)
      self->logo = regia_logo_draw (&self->style, self->config, logo);
    else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
      g_warning ("the logo is not shown: %s", error->message);
  }
  self->drawn_left_s = G_MININT64;
  for (guint i = 0; slates[i] != NULL; i++) {
    if (g_str_equal (slates[i], BARS))
      push (self, g_ptr_array_index (self->inputs, i),
            regia_bars_draw (self->style.width, self->style.height), next_frame_ns (self));
    for (guint kind = 0; kind < G_N_ELEMENTS (kinds); kind++)
      if (g_str_equal (slates[i], kinds[kind]))
        draw_slate (self, kind, g_ptr_array_index (self->inputs, i), logo);
  }
}

/* Returns: %FALSE at the end. @counting: until the next second begins at most. */
static gboolean
wait_for_work (RegiaLook *self, gboolean counting, Wanted *ret_wanted)
{
  gint64 rest_us = counting ? ((left_ns (self) % REGIA_SECOND + REGIA_SECOND) % REGIA_SECOND) / 1000 + 1 : 0;
  gint64 until_us = g_get_monotonic_time () + rest_us;
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  while (!self->changed && !g_cancellable_is_cancelled (self->ending)) {
    if (!counting)
      g_cond_wait (&self->wake, &self->lock);
    else if (!g_cond_wait_until (&self->wake, &self->lock, until_us))
      break;
  }
  self->changed = FALSE;
  *ret_wanted = self->wanted;
  ret_wanted->caption.name = g_strdup (self->wanted.caption.name);
  ret_wanted->caption.line = g_strdup (self->wanted.caption.line);
  self->wanted.caption.changed = FALSE;
  return !g_cancellable_is_cancelled (self->ending);
}

static void
draw_caption (RegiaLook *self, const Words *words)
{
  g_autoptr (RegiaRaster) raster =
      *words->name != '\0' ? regia_caption_draw (&self->style, words->name, words->line) : NULL;

  regia_overlay_show (regia_programme_get_overlay (self->programme), REGIA_OVERLAY_CAPTION, raster,
                      words->at_once);
}

static void
show_logo (RegiaLook *self, gboolean shown, gboolean at_once)
{
  if (self->logo == NULL || shown == self->logo_shown)
    return;
  self->logo_shown = shown;
  regia_overlay_show (regia_programme_get_overlay (self->programme), REGIA_OVERLAY_LOGO,
                      shown ? self->logo : NULL, at_once);
}

static gpointer
look_thread (gpointer user_data)
{
  RegiaLook *self = user_data;
  gboolean counting = FALSE, drawn = FALSE;

  for (;;) {
    g_auto (Words) words = {0};
    Wanted wanted = {0};
    gboolean goes_on = wait_for_work (self, counting, &wanted);

    words = wanted.caption;
    if (!goes_on)
      return NULL;
    /* A caption is waited for; logo and slates have time. */
    if (wanted.caption.changed)
      draw_caption (self, &words);
    if (!drawn)
      draw_fixed (self);
    show_logo (self, !wanted.on_slate, !drawn);
    drawn = TRUE;
    if (wanted.counting)
      follow_clock (self, !counting);
    counting = wanted.counting && self->starting != NULL;
  }
}

/* From outside */

/* Under the lock. */
static void
wake (RegiaLook *self)
{
  self->changed = TRUE;
  g_cond_signal (&self->wake);
  if (self->started && self->thread == NULL)
    self->thread = g_thread_new ("look", look_thread, self);
}

void
regia_look_start (RegiaLook *self)
{
  REGIA_ON_THREAD (NULL);

  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->started = TRUE;
  if (self->changed || self->config->look_logo != NULL || self->inputs->len > 0)
    wake (self);
}

void
regia_look_set_caption (RegiaLook *self, const char *name, const char *line, gboolean at_once)
{
  REGIA_ON_THREAD (NULL);

  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  Words *caption = &self->wanted.caption;

  if (g_str_equal (name, caption->name) && g_str_equal (line, caption->line))
    return;
  words_clear (caption);
  *caption = (Words){g_strdup (name), g_strdup (line), at_once, TRUE};
  wake (self);
}

void
regia_look_set_tone (RegiaLook *self, gboolean on)
{
  REGIA_ON_THREAD (NULL);
  self->tone = on;
  regia_programme_set_tone (self->programme, on || self->on_bars);
}

void
regia_look_set_scene (RegiaLook *self, const char *name)
{
  REGIA_ON_THREAD (NULL);

  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  gboolean on_slate = g_strv_contains ((const char *const *)self->config->look_slates, name);
  gboolean counting =
      on_slate && g_str_equal (name, kinds[REGIA_SLATE_STARTING]) && self->config->start_s != 0;

  self->on_bars = on_slate && g_str_equal (name, BARS);
  regia_programme_set_tone (self->programme, self->tone || self->on_bars);
  if (on_slate == self->wanted.on_slate && counting == self->wanted.counting)
    return;
  self->wanted.on_slate = on_slate;
  self->wanted.counting = counting;
  wake (self);
}
