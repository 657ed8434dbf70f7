/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-config"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config-private.h"
#include "regia/base/destination.h"
#include "regia/base/error.h"
#include "regia/base/named.h"

/* Everything in src/config that looks at the disk, the event file itself apart: slate, key files, the folder
 * of recordings. */

char *
regia_config_read_key (const RegiaConfigRelay *relay, GError **error)
{
  char buffer[REGIA_DESTINATION_KEY_MAX + 1];
  g_autofree char *key = NULL;
  const char *why = NULL;
  struct stat info;
  gssize got = -1;
  gsize end;
  int fd;

  g_return_val_if_fail (relay->key_file != NULL, NULL);
  fd = regia_named_open (relay->key_file, "check path and owner", error);
  if (fd >= 0 && (fstat (fd, &info) < 0 || (got = read (fd, buffer, sizeof buffer)) < 0))
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG, "cannot be read: %s; check the disk that it is on",
                 g_strerror (errno));
  if (fd >= 0)
    close (fd);
  if (got < 0) {
    g_prefix_error (error, "[relay %s] key_file: %s ", relay->name, relay->key_file);
    return NULL;
  }

  end = 0;
  while (end < (gsize)got && buffer[end] != '\n')
    end++;
  if (info.st_mode & S_IRWXO)
    why = "can be read by everybody on this machine; run `chmod 600` on it";
  else if (end == sizeof buffer || memchr (buffer, '\0', end) != NULL)
    why = "its first line is too long for a key; put the key alone there";
  else {
    key = g_strstrip (g_strndup (buffer, end));
    if (key[0] == '\0')
      why = "its first line is empty; put the key there";
    for (const char *p = key; *p != '\0'; p++)
      if (!g_ascii_isgraph (*p))
        why = "its first line holds blanks or accents; put the key alone there";
    if (why == NULL && relay->url != NULL && g_str_has_prefix (relay->url, "srt:") &&
        (strlen (key) < 10 || strlen (key) > 79))
      why = "an SRT passphrase has 10 to 79 characters; choose another with the far end";
  }
  explicit_bzero (buffer, sizeof buffer);
  if (why != NULL) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG, "[relay %s] key_file: %s %s", relay->name,
                 relay->key_file, why);
    return NULL;
  }
  return g_steal_pointer (&key);
}

static void
check_folder (RegiaConfig *self, RegiaFaults *faults)
{
  const char *folder = self->values.folder;
  RegiaPlace place = regia_key_text_place (self->scan, "record", "folder");
  struct stat info;

  if (folder == NULL || !self->values.record)
    return;
  if (stat (folder, &info) < 0) {
    g_autofree char *parent = g_path_get_dirname (folder);

    if (errno != ENOENT || access (parent, W_OK | X_OK) < 0)
      regia_faults_add_at (faults, place, "record", "folder",
                           "%s does not exist and cannot be made: %s; make it by hand", folder,
                           g_strerror (errno));
  } else if (!S_ISDIR (info.st_mode))
    regia_faults_add_at (faults, place, "record", "folder", "%s is not a folder; name another", folder);
  else if (access (folder, W_OK | X_OK) < 0)
    regia_faults_add_at (faults, place, "record", "folder", "%s cannot be written to: %s; change its owner",
                         folder, g_strerror (errno));
}

void
regia_config_check_files (RegiaConfig *self, RegiaFaults *faults, RegiaFaults *warnings)
{
  RegiaConfigValues *values = &self->values;

  if (values->slate != NULL) {
    g_autoptr (GError) error = NULL;
    int fd = regia_named_open (values->slate, "check the path", &error);

    if (fd < 0)
      regia_faults_add_at (faults, regia_key_text_place (self->scan, "programme", "slate"), "programme",
                           "slate", "%s %s", values->slate, error->message);
    else
      close (fd);
  }
  for (guint i = 0; i < values->relays->len; i++) {
    const RegiaConfigRelay *relay = g_ptr_array_index (values->relays, i);
    g_autofree char *title = g_strconcat ("relay ", relay->name, NULL);
    g_autofree char *key = NULL;
    g_autoptr (GError) error = NULL;

    if (relay->key_file == NULL)
      continue;
    key = regia_config_read_key (relay, &error);
    if (key == NULL) {
      const char *what = strstr (error->message, "key_file: ");

      regia_faults_add_at (faults, regia_key_text_place (self->scan, title, "key_file"), title, "key_file",
                           "%s", what + strlen ("key_file: "));
    } else
      explicit_bzero (key, strlen (key));
  }
  check_folder (self, faults);
}
