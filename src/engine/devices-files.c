/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "devices-private.h"

/*
 * What /dev and /proc say of devices: the links of udev by which a camera is found again, whether this user
 * may open a device, and the sound cards that another program holds. No state.
 */

typedef struct {
  char *path;   /* as it is written down */
  char *target; /* what it leads to */
  guint rank;   /* 0: by-id, 1: by-path, 2: what somebody's own rule made */
} Link;

static void
link_free (gpointer data)
{
  Link *self = data;

  g_free (self->path);
  free (self->target); /* realpath(3)'s */
  g_free (self);
}

static gint
compare_links (gconstpointer a, gconstpointer b)
{
  const Link *one = *(Link *const *)a, *other = *(Link *const *)b;

  return one->rank != other->rank ? (int)one->rank - (int)other->rank : strcmp (one->path, other->path);
}

static void
read_links (GPtrArray *links, const char *folder, guint rank)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    Link *link = g_new0 (Link, 1);

    link->rank = rank;
    link->path = g_build_filename (folder, name, NULL);
    link->target = realpath (link->path, NULL);
    g_ptr_array_add (links, link);
  }
}

/* (transfer full): all below FOLDER/v4l, the best first. Of two names of one place the first in the alphabet:
 * -usb-0: before -usbv2-0:, which older systems do not have. */
static GPtrArray *
all_links (const char *folder)
{
  GPtrArray *links = g_ptr_array_new_with_free_func (link_free);
  g_autofree char *top = g_build_filename (folder, "v4l", NULL);
  g_autoptr (GDir) dir = g_dir_open (top, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *below = g_build_filename (top, name, NULL);

    read_links (links, below, g_str_equal (name, "by-id") ? 0 : g_str_equal (name, "by-path") ? 1 : 2);
  }
  g_ptr_array_sort (links, compare_links);
  return links;
}

static const Link *
find_link (GPtrArray *links, const RegiaDevice *device, guint from_rank)
{
  for (guint i = 0; i < links->len; i++) {
    const Link *link = g_ptr_array_index (links, i);

    if (link->rank < from_rank || link->target == NULL)
      continue;
    for (char **place = device->places; *place != NULL; place++) {
      char *target = g_str_has_prefix (*place, "v4l2:") ? realpath (*place + strlen ("v4l2:"), NULL) : NULL;
      gboolean same = target != NULL && g_str_equal (target, link->target);

      free (target);
      if (same)
        return link;
    }
  }
  return NULL;
}

/* Two sticks of one make without serial numbers have one name in by-id, and it leads to the one that was
 * plugged in last: whichever has it today, it is no name for either. */
static gboolean
is_contested (GPtrArray *links, GPtrArray *devices, const RegiaDevice *device)
{
  for (guint i = 0; i < devices->len; i++) {
    const RegiaDevice *other = g_ptr_array_index (devices, i);
    const Link *link;

    if (other == device || !g_str_equal (other->name, device->name))
      continue;
    link = find_link (links, other, 0);
    if (link != NULL && link->rank > 0)
      return TRUE;
  }
  return FALSE;
}

void
regia_devices_link (GPtrArray *devices, const char *folder)
{
  g_autoptr (GPtrArray) links = all_links (folder);

  for (guint i = 0; i < devices->len; i++) {
    RegiaDevice *device = g_ptr_array_index (devices, i);
    const Link *link = find_link (links, device, 0);

    if (link != NULL && link->rank == 0 && is_contested (links, devices, device)) {
      const Link *by_path = find_link (links, device, 1);

      link = by_path != NULL ? by_path : link;
    }
    if (link != NULL)
      regia_device_identify (device, link->path);
    else
      regia_device_set (
          &device->remark,
          "There is no link to it below /dev/v4l, and its number is another one next time; a rule of "
          "udev with SYMLINK+=\"v4l/by-hall/NAME\" makes one");
    if (link != NULL && link->rank == 1)
      regia_device_set (&device->remark, "Found again by the socket that it is plugged into: leave it there");
  }
}

static gboolean
is_device_file (const char *name, const char *prefix, const char *suffix)
{
  return g_str_has_prefix (name, prefix) && g_str_has_suffix (name, suffix) &&
         (prefix[0] == '\0' || g_ascii_isdigit (name[strlen (prefix)]));
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

char *
regia_devices_refused (const char *folder, const char *prefix, const char *suffix, gboolean *ret_any)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  g_autoptr (GPtrArray) refused = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *list = NULL, *group = NULL;
  const char *name;

  *ret_any = FALSE;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);
    struct stat info;

    if (!is_device_file (name, prefix, suffix))
      continue;
    *ret_any = TRUE;
    if (faccessat (AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) == 0 || (errno != EACCES && errno != EPERM))
      continue;
    if (group == NULL && stat (path, &info) == 0) {
      const struct group *entry = getgrgid (info.st_gid);

      group = entry != NULL ? g_strdup (entry->gr_name) : g_strdup_printf ("%u", info.st_gid);
    }
    g_ptr_array_add (refused, g_steal_pointer (&path));
  }
  if (refused->len == 0)
    return NULL;
  g_ptr_array_sort (refused, compare_names);
  g_ptr_array_add (refused, NULL);
  list = g_strjoinv (", ", (char **)refused->pdata);
  return g_strdup_printf (
      "this user has no right to open %s; add it to the group %s and log in again: sudo usermod "
      "-aG %s %s",
      list, group != NULL ? group : "of these files", group != NULL ? group : "GROUP", g_get_user_name ());
}

/* (transfer full) (nullable): the first line of a small file. */
static char *
read_line (const char *path)
{
  g_autofree char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return NULL;
  g_strdelimit (text, "\n", '\0');
  return g_strdup (g_strstrip (text));
}

/* (transfer full) (nullable): what /proc/asound/cards calls a card: ` 1 [XUSB  ]: USB-Audio - X-USB`. */
static char *
card_name (const char *proc, guint card)
{
  g_autofree char *path = g_build_filename (proc, "cards", NULL), *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return NULL;
  lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL; line++) {
    const char *words = strstr (*line, " - ");
    guint number;
    char bracket;

    if (words != NULL && sscanf (*line, "%u %c", &number, &bracket) == 2 && bracket == '[' && number == card)
      return g_strdup (words + strlen (" - "));
  }
  return NULL;
}

static gboolean
is_known (GPtrArray *devices, const char *place)
{
  for (guint i = 0; i < devices->len; i++) {
    const RegiaDevice *device = g_ptr_array_index (devices, i);

    if (g_strv_contains ((const char *const *)device->places, place))
      return TRUE;
  }
  return FALSE;
}

void
regia_devices_add_cards (GPtrArray *devices, const char *dev, const char *proc, const char *why)
{
  g_autoptr (GDir) dir = g_dir_open (dev, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *place = NULL, *id_path = NULL, *id = NULL, *title = NULL, *path = NULL;
    RegiaDevice *device;
    guint card, number;
    char direction;

    if (sscanf (name, "pcmC%uD%u%c", &card, &number, &direction) != 3 || direction != 'c')
      continue;
    place = g_strdup_printf ("alsa:%u,%u", card, number);
    if (is_known (devices, place))
      continue;
    id_path = g_strdup_printf ("%s/card%u/id", proc, card);
    id = read_line (id_path);
    title = card_name (proc, card);
    path = g_build_filename (dev, name, NULL);
    device = regia_device_new ("alsa", "sound", title != NULL ? title : id);
    regia_device_add (&device->places, place);
    regia_device_set (&device->remark, faccessat (AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) == 0
                                           ? why
                                           : "This user has no right to open it");
    if (id != NULL && id[0] != '\0') {
      g_autofree char *identity = g_strdup_printf ("hw:CARD=%s,DEV=%u", id, number);

      regia_device_identify (device, identity);
    }
    g_ptr_array_add (devices, device);
  }
}
