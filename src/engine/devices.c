/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "devices-private.h"

#include <string.h>

#include "regia/base/fields.h"
#include "regia/base/file.h"
#include "regia/base/json.h"
#include "regia/config/pipeline.h"

/*
 * Devices as values: what each of them is, which of them are one, and what to write for them into an event
 * file. A RegiaDevice is made by the process that looks (devices-look.c, devices-pulse.c), goes as JSON to
 * the one that asked, is merged there with those of the other ways, and named last.
 */

#define NAME_MAX_BYTES 32 /* of a source, as src/config has it */

/* The more direct way first: a camera's driver before the server that passes its picture on. With sound it is
 * the other way round, because a card that a sound server has belongs to it: opened beside it, one of the two
 * gets nothing. */
static const RegiaDeviceWay ways[] = {
    {"v4l2", "V4L2", "unplug the cameras and plug them in again; the driver of one of them hangs"},
    {"decklink", "DeckLink", "restart the machine, or Blackmagic's Desktop Video"},
    {"pulse", "sound server", "restart PulseAudio or PipeWire"},
    {"alsa", "ALSA", "unplug the sound cards and plug them in again; the driver of one of them hangs"},
    {"pipewire", "PipeWire", "restart PipeWire"},
};

static const RegiaField fields[] = {
    REGIA_FIELD_STRING (RegiaDevice, way, "way"),
    REGIA_FIELD_STRING (RegiaDevice, kind, "kind"),
    REGIA_FIELD_STRING (RegiaDevice, name, "name"),
    REGIA_FIELD_STRING (RegiaDevice, identity, "identity"),
    REGIA_FIELD_STRING (RegiaDevice, server, "server"),
    REGIA_FIELD_STRINGS (RegiaDevice, formats, "formats"),
    REGIA_FIELD_STRINGS (RegiaDevice, also, "also"),
    REGIA_FIELD_STRING (RegiaDevice, remark, "remark"),
    REGIA_FIELD_BOOLEAN (RegiaDevice, monitor, "monitor"),
    REGIA_FIELD_STRING (RegiaDevice, source, "source"),
    {0},
};

/* What is told among processes, and to nobody else. */
static const RegiaField inner_fields[] = {
    REGIA_FIELD_STRINGS (RegiaDevice, places, "places"),
    {0},
};

const RegiaDeviceWay *
regia_device_ways (gsize *ret_n)
{
  *ret_n = G_N_ELEMENTS (ways);
  return ways;
}

const RegiaDeviceWay *
regia_device_way_find (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++)
    if (g_str_equal (ways[i].name, name))
      return &ways[i];
  return NULL;
}

void
regia_device_free (RegiaDevice *self)
{
  if (self == NULL)
    return;
  regia_fields_clear (fields, self);
  regia_fields_clear (inner_fields, self);
  g_free (self);
}

/* (transfer full): what came from outside, as one line of valid UTF-8. */
static char *
one_line (const char *text)
{
  g_autofree char *line = g_utf8_make_valid (text, -1);

  for (char *p = line; *p != '\0'; p++)
    if (g_ascii_iscntrl (*p))
      *p = ' ';
  return g_steal_pointer (&line);
}

void
regia_device_set (char **member, const char *text)
{
  char *line = one_line (text); /* which may be of *member itself */

  g_free (*member);
  *member = line;
}

void
regia_device_add (char ***list, const char *text)
{
  guint n = g_strv_length (*list);

  *list = g_renew (char *, *list, n + 2);
  (*list)[n] = one_line (text);
  (*list)[n + 1] = NULL;
}

void
regia_device_identify (RegiaDevice *device, const char *text)
{
  regia_device_set (&device->identity, text);
  if (g_str_equal (device->identity, text))
    return;
  regia_device_set (&device->identity, "");
  regia_device_set (&device->remark,
                    "Its name holds characters that cannot be written down; give it another one");
}

/* Drivers tell some names twice, the second time cut off: "USB Video: USB Video". */
static char *
clean_name (const char *told, const char *kind)
{
  g_autofree char *name = one_line (told != NULL ? told : "");
  char *colon;

  g_strstrip (name);
  colon = strstr (name, ": ");
  if (colon != NULL && strncmp (name, colon + 2, strlen (colon + 2)) == 0)
    *colon = '\0';
  return g_strdup (name[0] != '\0' ? name : g_str_equal (kind, "picture") ? "Camera" : "Sound input");
}

RegiaDevice *
regia_device_new (const char *way, const char *kind, const char *name)
{
  RegiaDevice *self = g_new0 (RegiaDevice, 1);

  self->way = g_strdup (way);
  self->kind = g_strdup (kind);
  self->name = clean_name (name, kind);
  self->identity = g_strdup ("");
  self->server = g_strdup ("");
  self->remark = g_strdup ("");
  self->source = g_strdup ("");
  self->formats = g_new0 (char *, 1);
  self->places = g_new0 (char *, 1);
  self->also = g_new0 (char *, 1);
  return self;
}

RegiaDevicesFound *
regia_devices_found_new (void)
{
  RegiaDevicesFound *self = g_new0 (RegiaDevicesFound, 1);

  self->devices = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_device_free);
  self->notes = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
regia_devices_found_free (RegiaDevicesFound *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->devices);
  g_ptr_array_unref (self->notes);
  g_free (self);
}

char *
regia_devices_to_json (const RegiaDevicesFound *found)
{
  GVariantBuilder devices, notes, all;

  g_variant_builder_init (&devices, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < found->devices->len; i++) {
    g_variant_builder_open (&devices, G_VARIANT_TYPE_VARDICT);
    regia_fields_put (fields, g_ptr_array_index (found->devices, i), &devices);
    regia_fields_put (inner_fields, g_ptr_array_index (found->devices, i), &devices);
    g_variant_builder_close (&devices);
  }
  g_variant_builder_init (&notes, G_VARIANT_TYPE_STRING_ARRAY);
  for (guint i = 0; i < found->notes->len; i++)
    g_variant_builder_add_value (&notes,
                                 g_variant_new_take_string (one_line (g_ptr_array_index (found->notes, i))));
  g_variant_builder_init (&all, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&all, "{sv}", "devices", g_variant_builder_end (&devices));
  g_variant_builder_add (&all, "{sv}", "notes", g_variant_builder_end (&notes));
  return regia_json_from_variant (g_variant_builder_end (&all), FALSE);
}

RegiaDevicesFound *
regia_devices_read_json (const char *json, GError **error)
{
  g_autoptr (GVariant) all = regia_json_to_vardict (json, -1, error);
  g_autoptr (GPtrArray) devices = NULL, notes = NULL;
  RegiaDevicesFound *found;

  if (all == NULL)
    return NULL;
  found = regia_devices_found_new ();
  devices = regia_json_get_list (all, "devices");
  notes = regia_json_get_list (all, "notes");
  for (guint i = 0; devices != NULL && i < devices->len; i++) {
    GVariant *dict = g_ptr_array_index (devices, i);
    RegiaDevice *device;

    if (!g_variant_is_of_type (dict, G_VARIANT_TYPE_VARDICT))
      continue;
    device = regia_device_new ("", "", "");
    regia_fields_read (fields, dict, device);
    regia_fields_read (inner_fields, dict, device);
    g_ptr_array_add (found->devices, device);
  }
  for (guint i = 0; notes != NULL && i < notes->len; i++)
    if (g_variant_is_of_type (g_ptr_array_index (notes, i), G_VARIANT_TYPE_STRING))
      g_ptr_array_add (found->notes, g_variant_dup_string (g_ptr_array_index (notes, i), NULL));
  return found;
}

static guint
rank (const RegiaDevice *device)
{
  guint way = 0;

  while (way < G_N_ELEMENTS (ways) && !g_str_equal (ways[way].name, device->way))
    way++;
  return way + (g_str_equal (device->kind, "picture") ? 0 : G_N_ELEMENTS (ways) + 1);
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  const RegiaDevice *one = *(RegiaDevice *const *)a, *other = *(RegiaDevice *const *)b;
  guint one_rank = rank (one), other_rank = rank (other);
  int by_name;

  if (one_rank != other_rank)
    return one_rank < other_rank ? -1 : 1;
  by_name = g_utf8_collate (one->name, other->name);
  return by_name != 0 ? by_name : strcmp (one->identity, other->identity);
}

static gboolean
are_one (const RegiaDevice *a, const RegiaDevice *b)
{
  if (g_str_equal (a->way, b->way) || !g_str_equal (a->kind, b->kind))
    return FALSE;
  for (char **place = a->places; *place != NULL; place++)
    if (g_strv_contains ((const char *const *)b->places, *place))
      return TRUE;
  return FALSE;
}

/* The other way to @device. What lies behind both belongs to it from now on: a third way may see only that.
 */
static void
take_in (RegiaDevice *device, const RegiaDevice *other)
{
  const RegiaDeviceWay *way = regia_device_way_find (other->way);
  g_autofree char *words = g_strdup_printf ("%s %s", way != NULL ? way->title : other->way,
                                            other->identity[0] != '\0' ? other->identity : other->name);

  regia_device_add (&device->also, words);
  for (char **place = other->places; *place != NULL; place++)
    if (!g_strv_contains ((const char *const *)device->places, *place))
      regia_device_add (&device->places, *place);
  if (device->formats[0] == NULL)
    for (char **format = other->formats; *format != NULL; format++)
      regia_device_add (&device->formats, *format);
}

void
regia_devices_merge (GPtrArray *devices)
{
  g_ptr_array_sort (devices, compare);
  for (guint i = 0; i < devices->len; i++)
    for (guint j = i + 1; j < devices->len;) {
      if (!are_one (g_ptr_array_index (devices, i), g_ptr_array_index (devices, j))) {
        j++;
        continue;
      }
      take_in (g_ptr_array_index (devices, i), g_ptr_array_index (devices, j));
      g_ptr_array_remove_index (devices, j);
      j = i + 1; /* what was passed over may share one of the places that came */
    }
}

guint
regia_devices_drop_monitors (GPtrArray *devices)
{
  gboolean input = FALSE;
  guint dropped = 0;

  for (guint i = 0; i < devices->len; i++) {
    const RegiaDevice *device = g_ptr_array_index (devices, i);

    input |= !device->monitor && g_str_equal (device->kind, "sound");
  }
  for (guint i = devices->len; input && i-- > 0;) {
    const RegiaDevice *device = g_ptr_array_index (devices, i);

    if (device->monitor) {
      g_ptr_array_remove_index (devices, i);
      dropped++;
    }
  }
  return dropped;
}

/* (transfer full): @base within the limit, with a number from the second on. */
static char *
numbered (const char *base, guint number)
{
  g_autofree char *tail = number > 1 ? g_strdup_printf ("-%u", number) : g_strdup ("");
  g_autofree char *head = g_strndup (base, NAME_MAX_BYTES - strlen (tail));

  while (g_str_has_suffix (head, "-"))
    head[strlen (head) - 1] = '\0';
  return g_strconcat (head, tail, NULL);
}

/* Of a name in another script nothing is left. */
static gboolean
has_letters (const char *name)
{
  g_autofree char *ascii = g_str_to_ascii (name, "C");

  for (const char *p = ascii; *p != '\0'; p++)
    if (g_ascii_isalnum (*p))
      return TRUE;
  return FALSE;
}

void
regia_devices_name (GPtrArray *devices)
{
  g_autoptr (GHashTable) taken = g_hash_table_new (g_str_hash, g_str_equal); /* borrowed from the devices */

  for (guint i = 0; i < devices->len; i++) {
    RegiaDevice *device = g_ptr_array_index (devices, i);
    g_autofree char *base = regia_slug (has_letters (device->name) ? device->name : device->kind);
    guint number = 1;

    do {
      g_free (device->source);
      device->source = numbered (base, number++);
    } while (g_hash_table_contains (taken, device->source));
    g_hash_table_add (taken, device->source);
  }
}

/* By which capture file and which of its parameters a device is written down. */
static const struct {
  const char *way, *kind, *file, *device, *server;
} writings[] = {
    {"v4l2", "picture", "v4l2", "device", ""},         {"decklink", "picture", "decklink", "device", ""},
    {"pulse", "sound", "pulse", "device", "server"},   {"alsa", "sound", "alsa", "device", ""},
    {"pipewire", "picture", "pipewire", "camera", ""}, {"pipewire", "sound", "pipewire-sound", "device", ""},
};

static const RegiaPipelineFile *
find_capture (GPtrArray *files, const char *name)
{
  for (guint i = 0; i < files->len; i++) {
    const RegiaPipelineFile *file = g_ptr_array_index (files, i);

    if (g_str_equal (file->kind, "capture") && g_str_equal (file->name, name))
      return file;
  }
  return NULL;
}

/* A value keeps its meaning in an event file, where blanks round it are lost and ./ begins a path. */
static gboolean
can_be_written (const char *value)
{
  g_autofree char *stripped = g_strstrip (g_strdup (value));

  return g_str_equal (stripped, value) && !g_str_has_prefix (value, "./") && !g_str_has_prefix (value, "../");
}

/* (transfer full): why none of @device can be captured. */
static char *
no_file (const RegiaDevice *device, const char *file)
{
  const RegiaDeviceWay *way = regia_device_way_find (device->way);
  const char *title = way != NULL ? way->title : device->way;

  return file == NULL
             ? g_strdup_printf ("There is no capture file for this kind of %s", title)
             : g_strdup_printf (
                   "There is no capture file for it yet: it would be pipelines/capture/%s.pipeline", file);
}

char *
regia_device_lines (const RegiaDevice *device, GPtrArray *files, char **ret_why)
{
  const RegiaPipelineFile *file = NULL;
  g_autoptr (GHashTable) values = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  GString *lines;
  gsize row = 0;

  while (row < G_N_ELEMENTS (writings) &&
         !(g_str_equal (writings[row].way, device->way) && g_str_equal (writings[row].kind, device->kind)))
    row++;
  if (row < G_N_ELEMENTS (writings))
    file = find_capture (files, writings[row].file);
  if (file == NULL) {
    *ret_why = no_file (device, row < G_N_ELEMENTS (writings) ? writings[row].file : NULL);
    return NULL;
  }
  if (device->identity[0] == '\0') {
    *ret_why = g_strdup ("It has no name by which it is found again, so there is nothing to write down");
    return NULL;
  }
  g_hash_table_insert (values, (char *)writings[row].device, device->identity);
  if (device->server[0] != '\0')
    g_hash_table_insert (values, (char *)writings[row].server, device->server);
  text = regia_pipeline_file_expand (file, values, &error);
  if (text == NULL || !can_be_written (device->identity) || !can_be_written (device->server)) {
    *ret_why = g_strdup_printf (
        "Its name \"%s\" cannot be written into an event file%s%s; give it another one", device->identity,
        error != NULL ? ": " : "", error != NULL ? g_strdelimit (error->message, "\n", ' ') : "");
    return NULL;
  }
  lines = g_string_new (NULL);
  g_string_append_printf (lines, "[source %s]\npipeline = %s\n%s = %s\n", device->source, file->name,
                          writings[row].device, device->identity);
  if (device->server[0] != '\0')
    g_string_append_printf (lines, "%s = %s\n", writings[row].server, device->server);
  return g_string_free (lines, FALSE);
}

GVariant *
regia_device_to_variant (const RegiaDevice *device)
{
  return regia_fields_to_variant (fields, device);
}
