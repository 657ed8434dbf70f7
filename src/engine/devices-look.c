/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "devices-private.h"
#include "launch-private.h"
#include "regia/base/socket.h"
#include "regia/base/thread.h"

/*
 * The ways to look. Device files are looked for first: where there are none nothing is loaded, and where some
 * may not be opened GStreamer would just leave them out. Then the provider of the one way is asked by itself:
 * a GstDeviceMonitor hides those whose devices another one passes on, with their formats and links, and waits
 * for all of them. The sound server is asked by libpulse (devices-pulse.c), with which it is captured: what
 * GStreamer knows of it are no rates, and asking starts a server where there is none.
 */

typedef struct {
  const char *way, *provider, *package;
  const char *folder, *prefix, *suffix; /* of its device files */
} Hardware;

static const Hardware hardware[] = {
    {"v4l2", "v4l2deviceprovider", "gstreamer1.0-plugins-good", "/dev", "video", ""},
    {"decklink", "decklinkdeviceprovider", "gstreamer1.0-plugins-bad", "/dev/blackmagic", "", ""},
    {"alsa", "alsadeviceprovider", "gstreamer1.0-alsa", "/dev/snd", "pcmC", "c"},
};

static const char *
text_of (const GstStructure *properties, const char *key)
{
  const char *text = properties != NULL ? gst_structure_get_string (properties, key) : NULL;

  return text != NULL && text[0] != '\0' ? text : NULL;
}

/* A class such as Video/Source or Audio/Source/Virtual. (nullable): not one that gives anything. */
static const char *
kind_of (const char *device_class)
{
  g_auto (GStrv) parts = g_strsplit (device_class != NULL ? device_class : "", "/", -1);
  const char *const *strv = (const char *const *)parts;

  if (!g_strv_contains (strv, "Source"))
    return NULL;
  return g_strv_contains (strv, "Video") ? "picture" : g_strv_contains (strv, "Audio") ? "sound" : NULL;
}

static void
add_place (RegiaDevice *device, const char *kind, const char *where)
{
  g_autofree char *place = g_strconcat (kind, ":", where, NULL);

  regia_device_add (&device->places, place);
}

/* Where it is now; newer GStreamer calls it by the second name. */
static gboolean
describe_v4l2 (RegiaDevice *device, const RegiaDeviceTold *told)
{
  const char *path = text_of (told->properties, "device.path");

  if (path == NULL)
    path = text_of (told->properties, "api.v4l2.path");
  if (path == NULL)
    return FALSE;
  add_place (device, "v4l2", path);
  return TRUE;
}

static gboolean
describe_alsa (RegiaDevice *device, const RegiaDeviceTold *told)
{
  const char *id = text_of (told->properties, "alsa.id");
  g_autofree char *place = NULL;
  guint card, number;

  if (told->internal_name == NULL || sscanf (told->internal_name, "hw:%u,%u", &card, &number) != 2)
    return FALSE;
  place = g_strdup_printf ("%u,%u", card, number);
  add_place (device, "alsa", place);
  if (id != NULL) {
    g_autofree char *identity = g_strdup_printf ("hw:CARD=%s,DEV=%u", id, number);

    regia_device_identify (device, identity);
  }
  return TRUE;
}

static gboolean
describe_pipewire (RegiaDevice *device, const RegiaDeviceTold *told)
{
  const char *name = text_of (told->properties, "node.name"),
             *path = text_of (told->properties, "api.v4l2.path"),
             *object = text_of (told->properties, "object.path"),
             *card = text_of (told->properties, "alsa.card"),
             *number = text_of (told->properties, "alsa.device");

  if (name != NULL) {
    regia_device_identify (device, name);
    add_place (device, "node", name);
  } else {
    regia_device_set (&device->remark, "PipeWire knows it by a number only, which is another one next time; "
                                       "what offers it has to give it a node.name");
  }
  if (path != NULL)
    add_place (device, "v4l2", path);
  else if (object != NULL && g_str_has_prefix (object, "v4l2:"))
    regia_device_add (&device->places, object);
  if (card != NULL) {
    g_autofree char *place = g_strdup_printf ("%s,%s", card, number != NULL ? number : "0");

    add_place (device, "alsa", place);
  }
  return TRUE;
}

/* An input is one source, with picture and sound. Its capture file takes the driver's number. */
static gboolean
describe_decklink (RegiaDevice *device, const RegiaDeviceTold *told)
{
  guint number, channels;
  gint64 id;

  if (g_str_equal (device->kind, "sound") || told->properties == NULL ||
      !gst_structure_get_uint (told->properties, "device-number", &number))
    return FALSE;
  g_free (device->identity);
  device->identity = g_strdup_printf ("%u", number);
  if (gst_structure_get_uint (told->properties, "max-channels", &channels) && channels > 0) {
    g_autofree char *sound = g_strdup_printf ("with its sound: up to %u channels, 48000 Hz", channels);

    regia_device_add (&device->formats, sound);
  }
  g_free (device->remark);
  device->remark =
      gst_structure_get_int64 (told->properties, "persistent-id", &id)
          ? g_strdup_printf ("Inputs are counted from 0, and anew when a card comes or goes; this "
                             "one's own number is %" G_GINT64_FORMAT,
                             id)
          : g_strdup ("Inputs are counted from 0, and anew when a card comes or goes");
  return TRUE;
}

static const struct {
  const char *way;
  gboolean (*describe) (RegiaDevice *device, const RegiaDeviceTold *told);
  const char *name; /* (nullable): property that names it better than its display name */
} tellers[] = {
    {"v4l2", describe_v4l2, NULL},
    {"alsa", describe_alsa, "alsa.card_name"},
    {"pipewire", describe_pipewire, "node.description"},
    {"decklink", describe_decklink, "display-name"},
};

RegiaDevice *
regia_device_describe (const RegiaDeviceWay *way, const RegiaDeviceTold *told)
{
  const char *kind = kind_of (told->device_class);

  for (gsize i = 0; kind != NULL && i < G_N_ELEMENTS (tellers); i++) {
    g_autoptr (RegiaDevice) device = NULL;
    const char *name;

    if (!g_str_equal (tellers[i].way, way->name))
      continue;
    name = tellers[i].name != NULL ? text_of (told->properties, tellers[i].name) : NULL;
    device = regia_device_new (way->name, kind, name != NULL ? name : told->display_name);
    g_strfreev (device->formats);
    device->formats = regia_device_formats (told->caps);
    return tellers[i].describe (device, told) ? g_steal_pointer (&device) : NULL;
  }
  return NULL;
}

static void
take_device (const RegiaDeviceWay *way, GstDevice *from, GPtrArray *devices)
{
  g_autofree char *display_name = gst_device_get_display_name (from);
  g_autofree char *device_class = gst_device_get_device_class (from), *internal_name = NULL;
  g_autoptr (GstCaps) caps = gst_device_get_caps (from);
  GstStructure *properties = gst_device_get_properties (from);
  GParamSpec *spec = g_object_class_find_property (G_OBJECT_GET_CLASS (from), "internal-name");
  RegiaDevice *device;

  if (spec != NULL && spec->value_type == G_TYPE_STRING)
    g_object_get (from, "internal-name", &internal_name, NULL);
  device = regia_device_describe (
      way, &(RegiaDeviceTold){display_name, device_class, internal_name, caps, properties});
  if (device != NULL)
    g_ptr_array_add (devices, device);
  g_clear_pointer (&properties, gst_structure_free);
}

/* Returns: FALSE when GStreamer cannot look this way at all, which is then among the notes. */
static gboolean
ask_provider (const RegiaDeviceWay *way, const char *name, const char *package, RegiaDevicesFound *found)
{
  g_autoptr (GstDeviceProvider) provider = NULL;
  g_autoptr (GError) error = NULL;
  GList *devices;

  if (!regia_gst_init (&error)) {
    g_ptr_array_add (found->notes, g_strdup (error->message));
    return FALSE;
  }
  provider = gst_device_provider_factory_get_by_name (name);
  if (provider == NULL) {
    g_ptr_array_add (found->notes,
                     g_strdup_printf ("the part of GStreamer that looks there is missing; install "
                                      "the package %s",
                                      package));
    return FALSE;
  }
  devices = gst_device_provider_get_devices (provider);
  for (GList *link = devices; link != NULL; link = link->next)
    take_device (way, link->data, found->devices);
  g_list_free_full (devices, gst_object_unref);
  return TRUE;
}

static void
look_for_hardware (const RegiaDeviceWay *way, const Hardware *row, RegiaDevicesFound *found)
{
  gboolean any = FALSE, asked;
  char *refused = regia_devices_refused (row->folder, row->prefix, row->suffix, &any);

  if (refused != NULL)
    g_ptr_array_add (found->notes, refused);
  if (!any)
    return;
  asked = ask_provider (way, row->provider, row->package, found);
  if (g_str_equal (way->name, "v4l2"))
    regia_devices_link (found->devices, row->folder);
  else if (g_str_equal (way->name, "alsa"))
    regia_devices_add_cards (found->devices, row->folder, "/proc/asound",
                             asked ? "Another program has it open, so its formats cannot be seen"
                                   : "Its formats cannot be seen");
}

/* As libpipewire looks for it. Returns: 0, or the errno. */
static int
connect_to_pipewire (void)
{
  const char *const folders[] = {g_getenv ("PIPEWIRE_RUNTIME_DIR"), g_getenv ("XDG_RUNTIME_DIR"),
                                 "/run/pipewire"};
  const char *remote = g_getenv ("PIPEWIRE_REMOTE");
  int code = ENOENT;

  for (gsize i = 0; i < G_N_ELEMENTS (folders); i++) {
    g_autofree char *path = NULL;
    int fd;

    if (folders[i] == NULL || folders[i][0] == '\0')
      continue;
    path = remote != NULL && g_path_is_absolute (remote)
               ? g_strdup (remote)
               : g_build_filename (folders[i], remote != NULL ? remote : "pipewire-0", NULL);
    fd = regia_socket_connect (path);
    if (fd >= 0) {
      close (fd);
      return 0;
    }
    if (errno == EAGAIN) /* it is there, and takes nobody in: asking it shows whether it ever does */
      return 0;
    if (errno != ENOENT)
      code = errno;
  }
  return code;
}

static void
look_pipewire (const RegiaDeviceWay *way, RegiaDevicesFound *found)
{
  const char *remote = g_getenv ("PIPEWIRE_REMOTE");
  int code = connect_to_pipewire ();

  if (code == ENOENT || code == ECONNREFUSED)
    g_ptr_array_add (found->notes, g_strdup_printf ("no server runs for the user %s", g_get_user_name ()));
  else if (code != 0)
    g_ptr_array_add (found->notes,
                     g_strdup_printf ("the server cannot be reached (%s); look as the user that "
                                      "it runs for",
                                      g_strerror (code)));
  else
    (void)ask_provider (way, "pipewiredeviceprovider", "gstreamer1.0-pipewire", found);
  for (guint i = 0; remote != NULL && i < found->devices->len; i++) {
    RegiaDevice *device = g_ptr_array_index (found->devices, i);

    if (device->remark[0] == '\0')
      regia_device_set (&device->remark,
                        "Offered by the server of PIPEWIRE_REMOTE, which Regia has to be given as well");
  }
}

RegiaDevicesFound *
regia_devices_look (const RegiaDeviceWay *way)
{
  REGIA_ON_THREAD_VAL (NULL, NULL);

  RegiaDevicesFound *found = regia_devices_found_new ();

  if (g_str_equal (way->name, "pulse"))
    regia_devices_look_pulse (found);
  else if (g_str_equal (way->name, "pipewire"))
    look_pipewire (way, found);
  for (gsize i = 0; i < G_N_ELEMENTS (hardware); i++)
    if (g_str_equal (way->name, hardware[i].way))
      look_for_hardware (way, &hardware[i], found);
  return found;
}

gboolean
regia_devices_prepare (GError **error)
{
  REGIA_ON_THREAD_VAL (NULL, FALSE);

  return regia_gst_init (error);
}
