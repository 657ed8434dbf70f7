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
#include "regia/config/sources.h"
#include "regia/tls/tls.h"

/* Everything in src/config that looks at the disk, the event file itself apart: slate, key files,
 * certificate, the folder of recordings. */

const char *
regia_config_check_key (const char *url, const char *key)
{
  if (key[0] == '\0')
    return "is empty; put the key there";
  if (strlen (key) > REGIA_DESTINATION_KEY_MAX)
    return "is too long for a key; put the key alone there";
  for (const char *p = key; *p != '\0'; p++)
    if (!g_ascii_isgraph (*p))
      return "holds blanks or accents; put the key alone there";
  if (url != NULL && g_str_has_prefix (url, "srt:") && (strlen (key) < 10 || strlen (key) > 79))
    return "is no passphrase: an SRT passphrase has 10 to 79 characters; choose another with the far end";
  return NULL;
}

char *
regia_config_read_key (const RegiaConfigRelay *relay, GError **error)
{
  char buffer[REGIA_DESTINATION_KEY_MAX + 1];
  g_autofree char *key = NULL, *about = NULL;
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
    why = regia_config_check_key (relay->url, key);
    if (why != NULL)
      why = about = g_strconcat ("its first line ", why, NULL);
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
wipe_array (gpointer data)
{
  GByteArray *array = data;

  explicit_bzero (array->data, array->len);
  g_byte_array_unref (array);
}

static GBytes *
read_pem (const char *path, GError **error)
{
  GByteArray *data = regia_named_read (path, REGIA_TLS_MAX_BYTES, "check path and owner", error);

  return data != NULL ? g_bytes_new_with_free_func (data->data, data->len, wipe_array, data) : NULL;
}

static gboolean
is_open_to_all (const char *path, GError **error)
{
  struct stat info;

  if (stat (path, &info) < 0 || (info.st_mode & S_IRWXO) == 0)
    return FALSE;
  g_set_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG,
               "can be read by everybody on this machine; run `chmod 600` on it");
  return TRUE;
}

/* The two, and which of them is at fault: the message stands behind its path. */
static RegiaConfigPair *
read_pair (const RegiaConfigValues *values, RegiaTlsPart *ret_fault, GError **error)
{
  g_autoptr (RegiaConfigPair) pair = g_new0 (RegiaConfigPair, 1);

  *ret_fault = REGIA_TLS_CERTIFICATE;
  pair->certificate = read_pem (values->certificate, error);
  if (pair->certificate == NULL)
    return NULL;
  *ret_fault = REGIA_TLS_KEY;
  pair->key = read_pem (values->certificate_key, error);
  if (pair->key == NULL || is_open_to_all (values->certificate_key, error))
    return NULL;
  pair->tls = regia_tls_new (pair->certificate, pair->key, ret_fault, error);
  if (pair->tls == NULL)
    return NULL;
  regia_tls_get_life (pair->tls, &pair->from_s, &pair->until_s);
  return g_steal_pointer (&pair);
}

void
regia_config_pair_free (RegiaConfigPair *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->tls, regia_tls_unref);
  g_clear_pointer (&self->certificate, g_bytes_unref);
  g_clear_pointer (&self->key, g_bytes_unref);
  g_free (self);
}

RegiaConfigPair *
regia_config_read_pair (const RegiaConfigValues *values, GError **error)
{
  RegiaTlsPart fault;
  RegiaConfigPair *pair = read_pair (values, &fault, error);

  if (pair == NULL && fault == REGIA_TLS_KEY)
    g_prefix_error (error, "[web] key: %s ", values->certificate_key);
  else if (pair == NULL)
    g_prefix_error (error, "[web] certificate: %s ", values->certificate);
  return pair;
}

gboolean
regia_config_pair_is_for (const RegiaConfigPair *pair, const char *host)
{
  return pair != NULL && regia_tls_is_for (pair->tls, host);
}

char *
regia_config_pair_warning (const RegiaConfigValues *values, const RegiaConfigPair *pair, gint64 now_s)
{
  g_autofree char *words = regia_tls_warning (pair->from_s, pair->until_s, now_s);

  return words != NULL ? g_strdup_printf ("[web] certificate: %s %s", values->certificate, words) : NULL;
}

static void
check_pair (RegiaConfig *self, RegiaFaults *faults, RegiaFaults *warnings)
{
  RegiaPlace place = regia_key_text_place (self->scan, "web", "certificate"),
             key_place = regia_key_text_place (self->scan, "web", "key");
  const RegiaConfigValues *values = &self->values;
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfigPair) pair = NULL;
  g_autofree char *words = NULL;
  RegiaTlsPart fault;

  if (values->certificate == NULL || values->certificate_key == NULL)
    return;
  pair = read_pair (values, &fault, &error);
  if (pair == NULL && fault == REGIA_TLS_KEY)
    regia_faults_add_at (faults, key_place, "web", "key", "%s %s", values->certificate_key, error->message);
  else if (pair == NULL)
    regia_faults_add_at (faults, place, "web", "certificate", "%s %s", values->certificate, error->message);
  if (pair == NULL)
    return;
  /* Not a fault: the event begins at its hour and is recorded, whatever browsers think of its certificate. */
  words = regia_tls_warning (pair->from_s, pair->until_s, g_get_real_time () / G_USEC_PER_SEC);
  if (words != NULL)
    regia_faults_add_at (warnings, place, "web", "certificate", "%s %s", values->certificate, words);
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
  check_pair (self, faults, warnings);
  check_folder (self, faults);
}
