/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "scene-mixer-private.h"

#include <gst/video/gstvideoaggregator.h>
#include <string.h>

/*
 * Each input has a look: place, size, alpha. A scene is a look for each input, alpha 0 for those that it does
 * not show. Going from one scene to the next, an input of both moves and grows, one that comes appears where
 * it will be, one that goes stays where it is. What lies under a picture that fades must not fade as well, or
 * the ground shines through: so one that goes stays as it is beneath what comes or grows over it; where
 * nothing does, it fades out above everything, and what it uncovers is there from the beginning.
 *
 * Owner: RegiaProgramme. `lock` guards everything; it is held while pads' properties are set, which take the
 * pad's and the compositor's own locks: those are leaves after it. So who comes with one of them only tries
 * it.
 */

#define ABOVE_SLATE 1u
#define INPUTS_MAX  64u /* z order: those that go, those of the scene, those that fade out above it */

typedef struct {
  int x, y, width, height;
  double alpha;
  gboolean bars; /* of another shape than the programme: the picture has the ground on two sides */
} Look;

typedef struct {
  char *source;          /* (owned) */
  GstPad *pad;           /* (owned) */
  Look from, to, now;    /* before the change, after it, as last set */
  guint rank;            /* in the scene, the lowest is 0 */
  guint zorder;          /* as last set */
  gboolean is_new;       /* comes with this scene */
  gboolean is_buried;    /* goes, beneath something that comes or grows over it */
  gboolean is_uncovered; /* comes, beneath something that fades out */
} Input;

struct _RegiaSceneMixer {
  guint width, height, rate_num, rate_den;
  GMutex lock;
  GPtrArray *inputs;   /* (element-type Input) (owned) */
  guint frame, frames; /* of the change: made, in all; equal: nothing to do */
};

static void
input_free (gpointer data)
{
  Input *input = data;

  g_free (input->source);
  gst_object_unref (input->pad);
  g_free (input);
}

RegiaSceneMixer *
regia_scene_mixer_new (guint width, guint height, guint rate_num, guint rate_den)
{
  RegiaSceneMixer *self = g_new0 (RegiaSceneMixer, 1);

  self->width = width;
  self->height = height;
  self->rate_num = rate_num;
  self->rate_den = rate_den;
  self->inputs = g_ptr_array_new_with_free_func (input_free);
  g_mutex_init (&self->lock);
  return self;
}

void
regia_scene_mixer_free (RegiaSceneMixer *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->inputs);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* Chroma has one sample for two pixels: what begins between two is moved by the compositor, so nothing does.
 */
static int
even (double percent, guint whole)
{
  return 2 * (int)(percent * whole / 200 + 0.5);
}

/* Beyond what rounding to pixels does. */
static gboolean
has_other_shape (const RegiaSceneMixer *self, int width, int height)
{
  gint64 across = (gint64)width * self->height, down = (gint64)height * self->width;

  return ABS (across - down) > 2 * (gint64)MAX (self->width, self->height);
}

static Look
place_to_look (const RegiaSceneMixer *self, const RegiaScenePlace *place)
{
  Look look = {.x = even (place->x, self->width), .y = even (place->y, self->height), .alpha = 1};

  look.width = MAX (even (place->x + place->width, self->width) - look.x, 2);
  look.height = MAX (even (place->y + place->height, self->height) - look.y, 2);
  look.bars = has_other_shape (self, look.width, look.height);
  return look;
}

static void
aim (RegiaSceneMixer *self, Input *input, const RegiaScene *scene)
{
  const RegiaScenePlace *place = NULL;

  for (guint i = 0; scene != NULL && i < scene->places->len; i++) {
    const RegiaScenePlace *candidate = g_ptr_array_index (scene->places, i);

    if (strcmp (candidate->source, input->source) != 0)
      continue;
    place = candidate;
    input->rank = i;
  }
  input->from = input->now;
  input->to = place != NULL ? place_to_look (self, place) : input->now;
  input->to.alpha = place != NULL ? 1 : 0;
  input->is_new = place != NULL && input->from.alpha == 0;
  if (input->is_new) {
    input->from = input->to;
    input->from.alpha = 0;
  }
}

static gboolean
covers (const Look *above, const Look *below)
{
  return above->x <= below->x && above->y <= below->y && above->x + above->width >= below->x + below->width &&
         above->y + above->height >= below->y + below->height;
}

static gboolean
goes (const Input *input)
{
  return input->from.alpha > 0 && input->to.alpha == 0;
}

/* One that goes: something of the scene comes or grows over it. */
static gboolean
is_buried (const RegiaSceneMixer *self, const Input *input)
{
  for (guint i = 0; i < self->inputs->len; i++) {
    const Input *other = g_ptr_array_index (self->inputs, i);

    if (other->to.alpha > 0 && covers (&other->to, &input->from) &&
        (other->is_new || !covers (&other->from, &input->from)))
      return TRUE;
  }
  return FALSE;
}

/* One that comes: something that fades out lies over it until then. */
static gboolean
is_uncovered (const RegiaSceneMixer *self, const Input *input)
{
  for (guint i = 0; i < self->inputs->len; i++) {
    const Input *other = g_ptr_array_index (self->inputs, i);

    if (goes (other) && other->from.alpha == 1 && covers (&other->from, &input->to) && !other->is_buried)
      return TRUE;
  }
  return FALSE;
}

void
regia_scene_mixer_show (RegiaSceneMixer *self, const RegiaScene *scene, guint fade_ms)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  for (guint i = 0; i < self->inputs->len; i++)
    aim (self, g_ptr_array_index (self->inputs, i), scene);
  for (guint i = 0; i < self->inputs->len; i++) {
    Input *input = g_ptr_array_index (self->inputs, i);

    input->is_buried = goes (input) && is_buried (self, input);
  }
  for (guint i = 0; i < self->inputs->len; i++) {
    Input *input = g_ptr_array_index (self->inputs, i);

    input->is_uncovered = input->is_new && is_uncovered (self, input);
  }
  self->frame = 0;
  self->frames = 1 + (guint)gst_util_uint64_scale (fade_ms, self->rate_num, (guint64)self->rate_den * 1000);
}

static int
between (int from, int to, double part)
{
  return from + 2 * (int)((to - from) * part / 2 + (to > from ? 0.5 : -0.5));
}

static Look
look_at (const Input *input, double part)
{
  const Look *from = &input->from, *to = &input->to;
  Look look;

  if (part >= 1)
    return *to;
  look = (Look){between (from->x, to->x, part),
                between (from->y, to->y, part),
                between (from->width, to->width, part),
                between (from->height, to->height, part),
                from->alpha + (to->alpha - from->alpha) * part,
                to->bars};
  if (input->is_buried)
    look.alpha = from->alpha;
  else if (input->is_uncovered)
    look.alpha = to->alpha;
  return look;
}

static guint
zorder_of (const Input *input)
{
  guint layer = input->to.alpha > 0 ? 1 : goes (input) && !input->is_buried ? 2 : 0;

  return ABOVE_SLATE + layer * INPUTS_MAX + input->rank;
}

/* One that is not seen any more stays where it was, so that nothing is computed for it. */
static void
set (Input *input, Look look, guint zorder)
{
  Look *now = &input->now;

  if (look.alpha == 0) {
    now->alpha = 0;
  } else {
    if (look.x != now->x || look.y != now->y || look.width != now->width || look.height != now->height)
      g_object_set (input->pad, "xpos", look.x, "ypos", look.y, "width", look.width, "height", look.height,
                    NULL);
    if (look.bars != now->bars)
      gst_util_set_object_arg (G_OBJECT (input->pad), "sizing-policy",
                               look.bars ? "keep-aspect-ratio" : "none");
    *now = look;
  }
  input->zorder = zorder;
  g_object_set (input->pad, "alpha", now->alpha, "zorder", zorder, NULL);
}

void
regia_scene_mixer_add (RegiaSceneMixer *self, const char *source, GstPad *pad, const RegiaScene *scene)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  Input *input = g_new0 (Input, 1);

  input->source = g_strdup (source);
  input->pad = gst_object_ref (pad);
  g_object_set (pad, "alpha", 0.0, "zorder", ABOVE_SLATE, NULL);
  g_ptr_array_add (self->inputs, input);
  if (scene == NULL)
    return;
  aim (self, input, scene);
  input->from = input->to;
  input->is_new = FALSE;
  set (input, input->to, zorder_of (input));
}

void
regia_scene_mixer_remove (RegiaSceneMixer *self, GstPad *pad)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  for (guint i = 0; i < self->inputs->len; i++)
    if (((const Input *)g_ptr_array_index (self->inputs, i))->pad == pad)
      g_ptr_array_remove_index (self->inputs, i--);
}

GstPad *
regia_scene_mixer_find_whole (RegiaSceneMixer *self)
{
  const Look whole = {.width = (int)self->width, .height = (int)self->height};
  const Input *top = NULL;
  GstPad *pad = NULL;

  if (!g_mutex_trylock (&self->lock))
    return NULL;
  for (guint i = 0; i < self->inputs->len; i++) {
    const Input *input = g_ptr_array_index (self->inputs, i);

    if (input->now.alpha > 0 && (top == NULL || input->zorder > top->zorder) &&
        gst_video_aggregator_pad_has_current_buffer (GST_VIDEO_AGGREGATOR_PAD (input->pad)))
      top = input;
  }
  if (top != NULL && top->now.alpha == 1 && !top->now.bars && covers (&top->now, &whole))
    pad = gst_object_ref (top->pad);
  g_mutex_unlock (&self->lock);
  return pad;
}

void
regia_scene_mixer_next_frame (RegiaSceneMixer *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  double part;

  if (self->frame == self->frames)
    return;
  self->frame++;
  part = (double)self->frame / self->frames;
  for (guint i = 0; i < self->inputs->len; i++) {
    Input *input = g_ptr_array_index (self->inputs, i);

    set (input, look_at (input, part), zorder_of (input));
  }
}
