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
struct _RegiaKeys {
  RegiaConfig *config; /* (owned) */
  RegiaKeysChangedFunc changed;
  gpointer user_data;
  GPtrArray *keys;           /* (owned) (element-type Key), in the order of the relays */
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

/* Any thread. */
static GPtrArray *
read_all (RegiaConfig *config)
{
  GPtrArray *keys = g_ptr_array_new_with_free_func ((GDestroyNotify)key_free);

  for (guint i = 0; i < regia_config_get (config)->relays->len; i++) {
    const RegiaConfigRelay *relay = relay_at (config, i);
    g_autoptr (GError) error = NULL;
    Key *key = g_new0 (Key, 1);

    if (relay->key_file != NULL)
      key->key = regia_config_read_key (relay, &error);
    key->error = error != NULL ? g_strdup (error->message) : NULL;
    g_ptr_array_add (keys, key);
  }
  return keys;
}

static void
read_thread (GTask *task, gpointer source, gpointer config, GCancellable *cancellable)
{
  g_task_return_pointer (task, read_all (config), (GDestroyNotify)g_ptr_array_unref);
}

static void
read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  RegiaKeys *self = user_data;
  g_autoptr (GPtrArray) keys = g_task_propagate_pointer (G_TASK (result), NULL), old = NULL;

  if (keys == NULL)
    return; /* cancelled: there is no self any more */
  self->reading = FALSE;
  old = g_steal_pointer (&self->keys);
  self->keys = g_ptr_array_ref (keys);
  for (guint i = 0; i < keys->len; i++) {
    const Key *now = g_ptr_array_index (keys, i), *before = g_ptr_array_index (old, i);

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
  self->keys = read_all (config);
  return self;
}

void
regia_keys_free (RegiaKeys *self)
{
  if (self == NULL)
    return;
  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  g_ptr_array_unref (self->keys);
  regia_config_unref (self->config);
  g_free (self);
}

void
regia_keys_tick (RegiaKeys *self)
{
  g_autoptr (GTask) task = NULL;

  if (++self->ticks % EVERY_TICKS != 0 || self->reading || self->keys->len == 0)
    return;
  self->reading = TRUE;
  task = g_task_new (NULL, self->cancellable, read_cb, self);
  g_task_set_check_cancellable (task, TRUE);
  g_task_set_task_data (task, regia_config_ref (self->config), (GDestroyNotify)regia_config_unref);
  g_task_run_in_thread (task, read_thread);
}

const char *
regia_keys_get (RegiaKeys *self, const char *relay, const char **ret_error)
{
  for (guint i = 0; i < self->keys->len; i++)
    if (g_str_equal (relay_at (self->config, i)->name, relay)) {
      const Key *key = g_ptr_array_index (self->keys, i);

      *ret_error = key->error;
      return key->key;
    }
  *ret_error = NULL;
  return NULL;
}
