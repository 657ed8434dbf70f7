/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "keys-private.h"

#include <string.h>

#define EVERY_TICKS 5

typedef struct {
  char *key;   /* (owned) (nullable) */
  char *error; /* (owned) (nullable) */
} Key;

/* A reading is one job on a worker thread, since each of its calls may hang with the disk; there is one at a
 * time. */
typedef struct {
  GPtrArray *keys;       /* (owned) (element-type Key), in the order of the relays */
  RegiaConfigPair *pair; /* (owned) (nullable): of the certificate */
  char *pair_error;      /* (owned) (nullable): why that is none, or not used */
} Reading;

struct _RegiaKeys {
  RegiaConfig *config; /* (owned) */
  RegiaKeysChangedFunc changed;
  gpointer user_data;
  Reading *now;              /* (owned): what is in use */
  GCancellable *cancellable; /* (owned) */
  guint ticks;
  gboolean reading;
};

static void
key_free (Key *key)
{
  if (key->key != NULL)
    explicit_bzero (key->key, strlen (key->key));
  g_free (key->key);
  g_free (key->error);
  g_free (key);
}

static const RegiaConfigRelay *
relay_at (RegiaConfig *config, guint i)
{
  return g_ptr_array_index (regia_config_get (config)->relays, i);
}

static void
reading_free (Reading *reading)
{
  g_ptr_array_unref (reading->keys);
  regia_config_pair_free (reading->pair);
  g_free (reading->pair_error);
  g_free (reading);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Reading, reading_free)

/* Any thread. */
static Reading *
read_all (RegiaConfig *config)
{
  const RegiaConfigValues *values = regia_config_get (config);
  Reading *reading = g_new0 (Reading, 1);
  g_autoptr (GError) pair_error = NULL;

  reading->keys = g_ptr_array_new_with_free_func ((GDestroyNotify)key_free);
  for (guint i = 0; i < values->relays->len; i++) {
    const RegiaConfigRelay *relay = relay_at (config, i);
    g_autoptr (GError) error = NULL;
    Key *key = g_new0 (Key, 1);

    if (relay->key_file != NULL)
      key->key = regia_config_read_key (relay, &error);
    key->error = error != NULL ? g_strdup (error->message) : NULL;
    g_ptr_array_add (reading->keys, key);
  }
  if (values->certificate != NULL)
    reading->pair = regia_config_read_pair (values, &pair_error);
  reading->pair_error = pair_error != NULL ? g_strdup (pair_error->message) : NULL;
  return reading;
}

static void
read_thread (GTask *task, gpointer source, gpointer config, GCancellable *cancellable)
{
  g_task_return_pointer (task, read_all (config), (GDestroyNotify)reading_free);
}

static gboolean
is_same_pair (const RegiaConfigPair *one, const RegiaConfigPair *other)
{
  return one != NULL && other != NULL && g_bytes_equal (one->certificate, other->certificate) &&
         g_bytes_equal (one->key, other->key);
}

/* What stands on disk now against what is in use: one that is faulty, or is over before that, does not take
 * its place. Returns: whether another is in use now. */
static gboolean
choose_pair (const RegiaConfigValues *values, Reading *read, Reading *old)
{
  gint64 now_s = g_get_real_time () / G_USEC_PER_SEC;
  gboolean changed = FALSE;

  if (read->pair != NULL && old->pair != NULL && read->pair->until_s <= now_s &&
      old->pair->until_s > read->pair->until_s) {
    read->pair_error = regia_config_pair_warning (values, read->pair, now_s);
    g_clear_pointer (&read->pair, regia_config_pair_free);
  }
  if (read->pair != NULL && !is_same_pair (read->pair, old->pair))
    g_message ("%s and its key were read anew and are used from now on", values->certificate);
  if (read->pair_error != NULL && g_strcmp0 (read->pair_error, old->pair_error) != 0)
    g_warning ("%s%s", read->pair_error, old->pair != NULL ? "; the one before stays in use" : "");
  if (read->pair == NULL)
    read->pair = g_steal_pointer (&old->pair);
  else
    changed = !is_same_pair (read->pair, old->pair);
  return changed;
}

static void
read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  RegiaKeys *self = user_data;
  Reading *reading = g_task_propagate_pointer (G_TASK (result), NULL);
  g_autoptr (Reading) old = NULL;

  if (reading == NULL)
    return; /* cancelled: there is no self any more */
  self->reading = FALSE;
  old = g_steal_pointer (&self->now);
  self->now = reading;
  if (choose_pair (regia_config_get (self->config), reading, old))
    self->changed ("", self->user_data);
  for (guint i = 0; i < old->keys->len; i++) {
    const Key *now = g_ptr_array_index (reading->keys, i), *before = g_ptr_array_index (old->keys, i);

    if (g_strcmp0 (now->key, before->key) != 0 || g_strcmp0 (now->error, before->error) != 0)
      self->changed (relay_at (self->config, i)->name, self->user_data);
  }
}

RegiaKeys *
regia_keys_new (RegiaConfig *config, RegiaKeysChangedFunc changed, gpointer user_data)
{
  RegiaKeys *self = g_new0 (RegiaKeys, 1);

  self->config = regia_config_ref (config);
  self->changed = changed;
  self->user_data = user_data;
  self->cancellable = g_cancellable_new ();
  self->now = read_all (config);
  if (self->now->pair_error != NULL)
    g_warning ("%s; viewers cannot watch until that is mended", self->now->pair_error);
  return self;
}

void
regia_keys_free (RegiaKeys *self)
{
  if (self == NULL)
    return;
  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  reading_free (self->now);
  regia_config_unref (self->config);
  g_free (self);
}

void
regia_keys_tick (RegiaKeys *self)
{
  g_autoptr (GTask) task = NULL;

  if (++self->ticks % EVERY_TICKS != 0 || self->reading ||
      (self->now->keys->len == 0 && regia_config_get (self->config)->certificate == NULL))
    return;
  self->reading = TRUE;
  task = g_task_new (NULL, self->cancellable, read_cb, self);
  g_task_set_check_cancellable (task, TRUE);
  g_task_set_task_data (task, regia_config_ref (self->config), (GDestroyNotify)regia_config_unref);
  g_task_run_in_thread (task, read_thread);
}

gboolean
regia_keys_is_reading (RegiaKeys *self)
{
  return self->reading;
}

/* (nullable) */
static const Key *
find_key (RegiaKeys *self, const char *relay)
{
  for (guint i = 0; i < self->now->keys->len; i++)
    if (g_str_equal (relay_at (self->config, i)->name, relay))
      return g_ptr_array_index (self->now->keys, i);
  return NULL;
}

const char *
regia_keys_get (RegiaKeys *self, const char *relay)
{
  const Key *key = find_key (self, relay);

  return key != NULL ? key->key : NULL;
}

const RegiaConfigPair *
regia_keys_get_pair (RegiaKeys *self)
{
  return self->now->pair;
}

void
regia_keys_tell (RegiaKeys *self, const char *relay, gboolean https, GVariantDict *part)
{
  const RegiaConfigPair *pair = self->now->pair;
  const Key *key = find_key (self, relay);

  if (key != NULL && key->error != NULL)
    g_variant_dict_insert (part, "key-error", "s", key->error);
  if (!https || pair == NULL)
    return;
  g_variant_dict_insert_value (part, "certificate",
                               g_variant_new_from_bytes (G_VARIANT_TYPE ("ay"), pair->certificate, TRUE));
  g_variant_dict_insert_value (part, "certificate-key",
                               g_variant_new_from_bytes (G_VARIANT_TYPE ("ay"), pair->key, TRUE));
}

void
regia_keys_warn (RegiaKeys *self, GPtrArray *warnings)
{
  const Reading *now = self != NULL ? self->now : NULL;
  char *words;

  if (now == NULL)
    return;
  if (now->pair_error != NULL && now->pair == NULL)
    g_ptr_array_add (warnings,
                     g_strdup_printf ("Viewers cannot watch, there is no certificate: %s", now->pair_error));
  else if (now->pair_error != NULL)
    g_ptr_array_add (warnings, g_strdup_printf ("The certificate before stays in use: %s", now->pair_error));
  words = now->pair != NULL ? regia_config_pair_warning (regia_config_get (self->config), now->pair,
                                                         g_get_real_time () / G_USEC_PER_SEC)
                            : NULL;
  if (words != NULL)
    g_ptr_array_add (warnings, words);
}
