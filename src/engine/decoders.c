/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "decoders-private.h"

#include <string.h>

#include "words-private.h"

/*
 * RegiaDecoders sorts what decodebin is about to try, and sees what it has tried. A decoder that cannot even
 * be opened is passed over by decodebin itself, which tells nobody; one that fails later ends the run, and
 * the next one does without it. That holds as long as the source is there: what has failed in the middle of
 * an event is not given a second chance to.
 *
 * Owner: a source's plans. Threads: streaming threads that plug elements in, the run's thread, and the main
 * thread, which asks. Lock: a leaf.
 */

struct _RegiaDecoders {
  gatomicrefcount ref_count;
  GMutex lock;        /* guards what follows */
  char *used;         /* (owned) (nullable): name of the picture decoder's factory */
  gboolean hardware;  /* it is hardware */
  GHashTable *failed; /* (element-type utf8 utf8): factory → why */
};

RegiaDecoders *
regia_decoders_new (void)
{
  RegiaDecoders *self = g_new0 (RegiaDecoders, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->failed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

RegiaDecoders *
regia_decoders_ref (RegiaDecoders *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
regia_decoders_unref (RegiaDecoders *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->used);
  g_hash_table_unref (self->failed);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static gboolean
is_picture_decoder (GstElementFactory *factory)
{
  return factory && gst_element_factory_list_is_type (factory, GST_ELEMENT_FACTORY_TYPE_DECODER |
                                                                   GST_ELEMENT_FACTORY_TYPE_MEDIA_VIDEO |
                                                                   GST_ELEMENT_FACTORY_TYPE_MEDIA_IMAGE);
}

static gboolean
is_hardware (GstElementFactory *factory)
{
  return is_picture_decoder (factory) &&
         gst_element_factory_list_is_type (factory, GST_ELEMENT_FACTORY_TYPE_HARDWARE);
}

/* With the lock held. */
static void
note_failed (RegiaDecoders *self, const char *name, const char *why)
{
  if (!g_hash_table_contains (self->failed, name))
    g_hash_table_insert (self->failed, g_strdup (name), g_strdup (why));
}

/* (transfer full): the hardware decoders that take @caps and have not failed, best first. Of those of rank
 * none, which decodebin passes over, too: in GStreamer 1.22 all of VA-API's are. */
static GList *
find_decoders (RegiaDecoders *self, GstCaps *caps)
{
  GList *all = gst_element_factory_list_get_elements (GST_ELEMENT_FACTORY_TYPE_DECODER |
                                                          GST_ELEMENT_FACTORY_TYPE_MEDIA_VIDEO |
                                                          GST_ELEMENT_FACTORY_TYPE_MEDIA_IMAGE,
                                                      GST_RANK_NONE);
  GList *found = gst_element_factory_list_filter (all, caps, GST_PAD_SINK, FALSE);

  gst_plugin_feature_list_free (all);
  g_mutex_lock (&self->lock);
  for (GList *link = found, *next; link; link = next) {
    next = link->next;
    if (is_hardware (link->data) && !g_hash_table_contains (self->failed, GST_OBJECT_NAME (link->data)))
      continue;
    gst_object_unref (link->data);
    found = g_list_delete_link (found, link);
  }
  g_mutex_unlock (&self->lock);
  return g_list_sort (found, gst_plugin_feature_rank_compare_func);
}

G_GNUC_BEGIN_IGNORE_DEPRECATIONS /* GValueArray, which is what decodebin has */

    static void
    append_all (GValueArray *array, GList *factories)
{
  g_auto (GValue) value = G_VALUE_INIT;

  g_value_init (&value, GST_TYPE_ELEMENT_FACTORY);
  for (GList *link = factories; link; link = link->next) {
    g_value_set_object (&value, link->data);
    g_value_array_append (array, &value);
  }
}

/* decodebin has parsers before decoders: hardware goes between the two. */
static GValueArray *
on_sort_cb (GstElement *decodebin, GstPad *pad, GstCaps *caps, GValueArray *factories, gpointer user_data)
{
  g_autolist (GstElementFactory) hardware = find_decoders (user_data, caps);
  GValueArray *sorted = g_value_array_new (factories->n_values);
  gboolean placed = FALSE;

  for (guint i = 0; i < factories->n_values; i++) {
    GValue *value = g_value_array_get_nth (factories, i);
    GstElementFactory *factory = g_value_get_object (value);

    if (is_picture_decoder (factory) && !placed) {
      append_all (sorted, hardware);
      placed = TRUE;
    }
    if (!is_hardware (factory))
      g_value_array_append (sorted, value);
  }
  if (!placed)
    append_all (sorted, hardware);
  return sorted;
}

G_GNUC_END_IGNORE_DEPRECATIONS

static void
closure_unref (gpointer self, GClosure *closure)
{
  regia_decoders_unref (self);
}

static void
connect_to (RegiaDecoders *self, gpointer object, const char *signal, GCallback callback)
{
  g_signal_connect_data (object, signal, callback, regia_decoders_ref (self), closure_unref, 0);
}

static void
on_added_cb (GstBin *pipeline, GstBin *bin, GstElement *element, gpointer user_data)
{
  RegiaDecoders *self = user_data;
  GstElementFactory *factory = gst_element_get_factory (element);

  if (factory && strcmp (GST_OBJECT_NAME (factory), "decodebin") == 0)
    connect_to (self, element, "autoplug-sort", G_CALLBACK (on_sort_cb));
  /* a decoder that has another one inside is the one that was chosen */
  if (!is_picture_decoder (factory) ||
      (bin && is_picture_decoder (gst_element_get_factory (GST_ELEMENT (bin)))))
    return;
  g_mutex_lock (&self->lock);
  g_free (self->used);
  self->used = g_strdup (GST_OBJECT_NAME (factory));
  self->hardware = is_hardware (factory);
  g_mutex_unlock (&self->lock);
}

/* decodebin takes out what it could not open, or link, and has locked its state until then. */
static void
on_removed_cb (GstBin *pipeline, GstBin *bin, GstElement *element, gpointer user_data)
{
  RegiaDecoders *self = user_data;
  GstElementFactory *factory = gst_element_get_factory (element);

  if (!is_hardware (factory) || !gst_element_is_locked_state (element) ||
      GST_STATE_TARGET (pipeline) < GST_STATE_PAUSED)
    return;
  g_mutex_lock (&self->lock);
  note_failed (self, GST_OBJECT_NAME (factory), "it cannot be opened here, or does not take what comes");
  g_mutex_unlock (&self->lock);
}

static void
watch_one_cb (const GValue *value, gpointer user_data)
{
  on_added_cb (NULL, NULL, g_value_get_object (value), user_data);
}

void
regia_decoders_watch (RegiaDecoders *self, GstBin *pipeline)
{
  GstIterator *elements = gst_bin_iterate_recurse (pipeline);

  g_mutex_lock (&self->lock);
  g_clear_pointer (&self->used, g_free);
  self->hardware = FALSE;
  g_mutex_unlock (&self->lock);
  gst_iterator_foreach (elements, watch_one_cb, self);
  gst_iterator_free (elements);
  connect_to (self, pipeline, "deep-element-added", G_CALLBACK (on_added_cb));
  connect_to (self, pipeline, "deep-element-removed", G_CALLBACK (on_removed_cb));
}

/* (nullable): factory of the hardware decoder that @object is, or belongs to. */
static GstElementFactory *
find_hardware (GstObject *object)
{
  for (GstObject *at = object; at; at = GST_OBJECT_PARENT (at)) {
    GstElementFactory *factory = GST_IS_ELEMENT (at) ? gst_element_get_factory (GST_ELEMENT (at)) : NULL;

    if (is_hardware (factory))
      return factory;
  }
  return NULL;
}

gboolean
regia_decoders_blame (RegiaDecoders *self, GstMessage *message, gboolean decoded)
{
  GstElementFactory *factory = find_hardware (GST_MESSAGE_SRC (message));
  g_autoptr (GError) error = NULL;
  g_autofree char *why = NULL;
  gboolean blamed;

  gst_message_parse_error (message, &error, NULL);
  why = regia_words_clean (error->message);
  g_mutex_lock (&self->lock);
  blamed = factory != NULL || (self->hardware && !decoded && error->domain == GST_STREAM_ERROR);
  if (blamed)
    note_failed (self, factory ? GST_OBJECT_NAME (factory) : self->used, why);
  g_mutex_unlock (&self->lock);
  return blamed;
}

char *
regia_decoders_get_used (RegiaDecoders *self)
{
  char *used;

  g_mutex_lock (&self->lock);
  used = g_strdup (self->used ? self->used : "");
  g_mutex_unlock (&self->lock);
  return used;
}

char *
regia_decoders_get_note (RegiaDecoders *self)
{
  g_autoptr (GString) note = g_string_new (NULL);
  GHashTableIter iter;
  gpointer name, why;

  g_mutex_lock (&self->lock);
  for (g_hash_table_iter_init (&iter, self->failed); g_hash_table_iter_next (&iter, &name, &why);)
    g_string_append_printf (note, "%s%s is not used any more: %s", note->len ? "; " : "", (char *)name,
                            (char *)why);
  g_mutex_unlock (&self->lock);
  return g_string_free (g_steal_pointer (&note), FALSE);
}
