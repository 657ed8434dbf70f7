/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "links-private.h"

#include <string.h>

#include "regia/base/clock.h"
#include "regia/base/error.h"

/*
 * RegiaLinks is a part of RegiaRun. Built on the run's thread before the pipeline starts; afterwards streams
 * appear on threads of their elements, and data passes the probes on streaming threads.
 *
 * Locks: `linking` is held while a stream is linked, so that two never try at once. Linking passes on no
 * data, but asks the chain for what it takes: nothing that it asks comes back here. `lock` guards what is
 * announced; a leaf, never held for long, since the main thread asks ten times a second.
 */

/* What a probe writes to. */
typedef struct {
  gint64 coded_ns; /* atomic */
} Flow;

struct _RegiaLinks {
  GMutex linking;   /* guards the heads */
  GPtrArray *heads; /* (element-type GstPad) (owned) of chains that wait; constant once built */
  GMutex lock;      /* guards what follows */
  gint64 announced_ns[REGIA_TIMELINE_BRANCHES];
  GstPad *streams[REGIA_TIMELINE_BRANCHES]; /* (owned) (nullable) the first of each kind */
  Flow flows[REGIA_TIMELINE_BRANCHES];      /* not guarded, see there */
};

static gboolean
may_appear (GstElement *element)
{
  GstElementFactory *factory = gst_element_get_factory (element);
  const GList *templates = factory ? gst_element_factory_get_static_pad_templates (factory) : NULL;

  for (; templates; templates = templates->next) {
    const GstStaticPadTemplate *template = templates->data;

    if (template->direction == GST_PAD_SRC && template->presence == GST_PAD_SOMETIMES)
      return TRUE;
  }
  return FALSE;
}

/* 0 picture, 1 sound, −1 neither: what a camera says of itself (ONVIF), subtitles. */
static int
kind_of (const GstCaps *caps)
{
  const GstStructure *structure = caps && !gst_caps_is_any (caps) && gst_caps_get_size (caps) > 0
                                      ? gst_caps_get_structure (caps, 0)
                                      : NULL;
  const char *name = structure ? gst_structure_get_name (structure) : "";
  const char *media =
      g_str_equal (name, "application/x-rtp") ? gst_structure_get_string (structure, "media") : name;

  if (media == NULL)
    return -1;
  return g_str_has_prefix (media, "video") || g_str_has_prefix (media, "image") ? 0
         : g_str_has_prefix (media, "audio")                                    ? 1
                                                                                : -1;
}

static GstPadProbeReturn
on_data_cb (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Flow *flow = user_data;

  __atomic_store_n (&flow->coded_ns, regia_clock_monotonic_ns (), __ATOMIC_RELAXED);
  return GST_PAD_PROBE_OK;
}

/* With `linking` held. */
static void
link_to_chain (RegiaLinks *self, GstPad *pad, const GstCaps *caps)
{
  for (guint i = 0; i < self->heads->len; i++) {
    GstPad *head = self->heads->pdata[i];
    g_autoptr (GstCaps) taken = gst_pad_is_linked (head) ? NULL : gst_pad_query_caps (head, NULL);

    if (taken && gst_caps_can_intersect (taken, caps) && gst_pad_link (pad, head) == GST_PAD_LINK_OK)
      return;
  }
}

/* The thread of the element to which @pad belongs. */
static void
on_pad_added_cb (GstElement *element, GstPad *pad, gpointer user_data)
{
  RegiaLinks *self = user_data;
  g_autoptr (GstCaps) caps = NULL;
  int kind;

  if (GST_PAD_DIRECTION (pad) != GST_PAD_SRC)
    return;
  caps = gst_pad_get_current_caps (pad);
  if (caps == NULL)
    caps = gst_pad_query_caps (pad, NULL);
  kind = kind_of (caps);
  g_mutex_lock (&self->linking);
  if (!gst_pad_is_linked (pad))
    link_to_chain (self, pad, caps);
  g_mutex_unlock (&self->linking);
  g_mutex_lock (&self->lock);
  if (kind >= 0 && self->streams[kind] == NULL) {
    self->announced_ns[kind] = regia_clock_monotonic_ns ();
    self->streams[kind] = gst_object_ref (pad);
    gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, on_data_cb,
                       &self->flows[kind], NULL);
  }
  g_mutex_unlock (&self->lock);
}

/* Called for each element of the bin. */
static void
look_at_cb (const GValue *item, gpointer user_data)
{
  RegiaLinks *self = user_data;
  GstElement *element = g_value_get_object (item);

  if (may_appear (element))
    g_signal_connect (element, "pad-added", G_CALLBACK (on_pad_added_cb), self);
  GST_OBJECT_LOCK (element);
  for (GList *link = element->sinkpads; link; link = link->next)
    if (!gst_pad_is_linked (link->data))
      g_ptr_array_add (self->heads, gst_object_ref (link->data));
  GST_OBJECT_UNLOCK (element);
}

RegiaLinks *
regia_links_new (GstBin *bin)
{
  RegiaLinks *self = g_new0 (RegiaLinks, 1);
  /* in the order in which they were written, which the iterator reverses */
  g_autoptr (GstIterator) elements = gst_bin_iterate_elements (bin);

  g_mutex_init (&self->linking);
  g_mutex_init (&self->lock);
  self->heads = g_ptr_array_new_with_free_func (gst_object_unref);
  while (gst_iterator_foreach (elements, look_at_cb, self) == GST_ITERATOR_RESYNC)
    gst_iterator_resync (elements);
  for (guint i = 0; i < self->heads->len / 2; i++) {
    gpointer head = self->heads->pdata[i];

    self->heads->pdata[i] = self->heads->pdata[self->heads->len - 1 - i];
    self->heads->pdata[self->heads->len - 1 - i] = head;
  }
  return self;
}

void
regia_links_free (RegiaLinks *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < REGIA_TIMELINE_BRANCHES; i++)
    gst_clear_object (&self->streams[i]);
  g_ptr_array_unref (self->heads);
  g_mutex_clear (&self->linking);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
regia_links_get (RegiaLinks *self, RegiaLinksBranch ret_branches[REGIA_TIMELINE_BRANCHES])
{
  g_mutex_lock (&self->lock);
  for (guint i = 0; i < REGIA_TIMELINE_BRANCHES; i++)
    ret_branches[i] = (RegiaLinksBranch){
        .announced_ns = self->announced_ns[i],
        .linked = self->streams[i] && gst_pad_is_linked (self->streams[i]),
        .coded_ns = __atomic_load_n (&self->flows[i].coded_ns, __ATOMIC_RELAXED),
    };
  g_mutex_unlock (&self->lock);
}

gboolean
regia_links_check (const char *text, GstBin *bin, const char *where, GError **error)
{
  g_autoptr (GRegex) pattern = g_regex_new ("(?<=^|\\s)([A-Za-z][\\w-]*)\\.\\s*!", 0, 0, NULL);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GMatchInfo) match = NULL;

  for (g_regex_match (pattern, text, 0, &match); g_match_info_matches (match);
       g_match_info_next (match, NULL)) {
    g_autofree char *name = g_match_info_fetch (match, 1);
    g_autoptr (GstElement) element = gst_bin_get_by_name (bin, name);

    if (element == NULL || !may_appear (element) || g_hash_table_add (seen, g_strdup (name)))
      continue;
    g_set_error (
        error, REGIA_ERROR, REGIA_ERROR_CONFIG,
        "%s: \"%s. !\" stands there more than once; its streams appear at the same moment, and one of "
        "them is lost now and then. Begin each chain with capsfilter instead: \"capsfilter "
        "caps=video/x-raw(ANY) ! … name=video\"",
        where, name);
    return FALSE;
  }
  return TRUE;
}
