/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "look-private.h"

#include "caption-private.h"
#include "regia/base/thread.h"

/*
 * The main thread says what is wanted, and wakes the thread that draws. Only the last word counts: what was
 * wanted for less time than drawing takes is never drawn.
 *
 * Owner: RegiaEngine. `lock` guards what is wanted; nothing is drawn or called while it is held.
 */

typedef struct {
  char *name, *line; /* (owned); name "": none */
  gboolean at_once;
} Words;

struct _RegiaLook {
  RegiaProgramme *programme; /* (unowned) */
  RegiaStyle style;          /* fixed */
  GThread *thread;           /* (owned) (nullable): from the first thing to draw on; main thread */
  GMutex lock;
  GCond wake;
  Words caption;
  gboolean caption_changed;
  gboolean ending;
};

static void
words_clear (Words *words)
{
  g_free (words->name);
  g_free (words->line);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Words, words_clear)

RegiaLook *
regia_look_new (const RegiaConfigValues *config, RegiaProgramme *programme)
{
  REGIA_ON_THREAD_VAL (NULL, NULL);

  RegiaLook *self = g_new0 (RegiaLook, 1);

  self->programme = programme;
  self->style = (RegiaStyle){.width = config->width,
                             .height = config->height,
                             .colour = regia_ink_parse (config->look_colour),
                             .background = regia_ink_parse (config->look_background)};
  self->caption.name = g_strdup ("");
  self->caption.line = g_strdup ("");
  g_mutex_init (&self->lock);
  g_cond_init (&self->wake);
  return self;
}

void
regia_look_free (RegiaLook *self)
{
  if (self == NULL)
    return;
  g_mutex_lock (&self->lock);
  self->ending = TRUE;
  g_cond_signal (&self->wake);
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&self->thread, g_thread_join);
  words_clear (&self->caption);
  g_cond_clear (&self->wake);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* Returns: %FALSE at the end. */
static gboolean
wait_for_work (RegiaLook *self, Words *ret_caption)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  while (!self->ending && !self->caption_changed)
    g_cond_wait (&self->wake, &self->lock);
  self->caption_changed = FALSE;
  *ret_caption = (Words){g_strdup (self->caption.name), g_strdup (self->caption.line), self->caption.at_once};
  return !self->ending;
}

static gpointer
look_thread (gpointer user_data)
{
  RegiaLook *self = user_data;

  for (;;) {
    g_auto (Words) words = {0};
    g_autoptr (RegiaRaster) raster = NULL;

    if (!wait_for_work (self, &words))
      return NULL;
    if (*words.name != '\0')
      raster = regia_caption_draw (&self->style, words.name, words.line);
    regia_overlay_show (regia_programme_get_overlay (self->programme), REGIA_OVERLAY_CAPTION, raster,
                        words.at_once);
  }
}

static void
begin (RegiaLook *self)
{
  if (self->thread == NULL)
    self->thread = g_thread_new ("look", look_thread, self);
}

void
regia_look_set_caption (RegiaLook *self, const char *name, const char *line, gboolean at_once)
{
  REGIA_ON_THREAD (NULL);

  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (g_str_equal (name, self->caption.name) && g_str_equal (line, self->caption.line))
    return;
  words_clear (&self->caption);
  self->caption = (Words){g_strdup (name), g_strdup (line), at_once};
  self->caption_changed = TRUE;
  g_cond_signal (&self->wake);
  begin (self);
}
