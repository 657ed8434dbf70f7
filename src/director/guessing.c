/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guessing-private.h"

#include <gio/gio.h>
#include <string.h>

#include "regia/base/backoff.h"

/* A key is as long as anybody's name or address; what is longer is the same for all that begin so. */
#define KEY_BYTES 80

typedef struct {
  char key[KEY_BYTES];
  guint wrong; /* 0: free */
  gint64 last_us, until_us;
} Entry;

typedef struct {
  Entry entries[REGIA_GUESSING_ENTRIES];
  guint free_tries, most_ms;
} Table;

typedef struct {
  char name[KEY_BYTES], address[KEY_BYTES];
  gint64 used_us; /* 0: free */
} Place;

struct _RegiaGuessing {
  Table addresses, names;
  Place places[REGIA_GUESSING_PLACES];
};

RegiaGuessing *
regia_guessing_new (void)
{
  RegiaGuessing *self = g_new0 (RegiaGuessing, 1);

  self->addresses.free_tries = REGIA_GUESSING_ADDRESS_FREE;
  self->addresses.most_ms = REGIA_GUESSING_ADDRESS_MOST_MS;
  self->names.free_tries = REGIA_GUESSING_NAME_FREE;
  self->names.most_ms = REGIA_GUESSING_NAME_MOST_MS;
  return self;
}

void
regia_guessing_free (RegiaGuessing *self)
{
  g_free (self);
}

/* IPv4 as it is, also where it comes mapped into IPv6 (RFC 4291 §2.5.5.2); of IPv6 the first 64 bits; what is
 * neither is one address for all. */
static void
write_address (const char *address, char ret_key[KEY_BYTES])
{
  static const guint8 mapped[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  g_autoptr (GInetAddress) inet =
      strnlen (address, KEY_BYTES) < KEY_BYTES ? g_inet_address_new_from_string (address) : NULL;
  const guint8 *bytes = inet != NULL ? g_inet_address_to_bytes (inet) : NULL;

  if (inet == NULL) {
    g_strlcpy (ret_key, "elsewhere", KEY_BYTES);
    return;
  }
  if (g_inet_address_get_family (inet) == G_SOCKET_FAMILY_IPV6) {
    if (memcmp (bytes, mapped, sizeof mapped) != 0) {
      g_snprintf (ret_key, KEY_BYTES, "%02x%02x:%02x%02x:%02x%02x:%02x%02x::/64", bytes[0], bytes[1],
                  bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]);
      return;
    }
    bytes += sizeof mapped;
  }
  g_snprintf (ret_key, KEY_BYTES, "%u.%u.%u.%u", bytes[0], bytes[1], bytes[2], bytes[3]);
}

static void
write_name (const char *name, char ret_key[KEY_BYTES])
{
  g_strlcpy (ret_key, name, KEY_BYTES);
}

static Entry *
find (Table *table, const char *key)
{
  for (guint i = 0; i < REGIA_GUESSING_ENTRIES; i++)
    if (table->entries[i].wrong > 0 && strcmp (table->entries[i].key, key) == 0)
      return &table->entries[i];
  return NULL;
}

static gboolean
is_stale (const Entry *entry, gint64 now_us)
{
  return entry->wrong == 0 || now_us - entry->last_us > REGIA_GUESSING_FORGET_US;
}

/* A free one, or that with the fewest wrong tries, of those the oldest. */
static Entry *
find_place (Table *table, gint64 now_us)
{
  Entry *least = &table->entries[0];

  for (guint i = 0; i < REGIA_GUESSING_ENTRIES; i++) {
    Entry *entry = &table->entries[i];

    if (is_stale (entry, now_us))
      return entry;
    if (entry->wrong < least->wrong || (entry->wrong == least->wrong && entry->last_us < least->last_us))
      least = entry;
  }
  return least;
}

static gint64
wait_of (Table *table, const char *key, gint64 now_us)
{
  const Entry *entry = find (table, key);

  return entry != NULL && !is_stale (entry, now_us) && entry->until_us > now_us ? entry->until_us - now_us
                                                                                : 0;
}

static void
charge (Table *table, const char *key, gint64 now_us, double jitter)
{
  Entry *entry = find (table, key);

  if (entry == NULL || is_stale (entry, now_us)) {
    entry = entry != NULL ? entry : find_place (table, now_us);
    *entry = (Entry){0};
    g_strlcpy (entry->key, key, KEY_BYTES);
  }
  entry->wrong++;
  entry->last_us = now_us;
  entry->until_us = 0;
  if (entry->wrong > table->free_tries) {
    RegiaBackoff backoff = {.first_ms = REGIA_GUESSING_FIRST_MS,
                            .max_ms = table->most_ms,
                            .reset_ms = G_MAXUINT,
                            .failures = entry->wrong - table->free_tries - 1};

    entry->until_us = now_us + (gint64)regia_backoff_failed (&backoff, 0, jitter) * 1000;
  }
}

/* What others got wrong meanwhile stays. */
static void
take_back (Table *table, const char *key)
{
  Entry *entry = find (table, key);

  if (entry == NULL)
    return;
  entry->wrong--;
  entry->until_us = 0;
}

static Place *
find_known (RegiaGuessing *self, const char *name, const char *address)
{
  for (guint i = 0; i < REGIA_GUESSING_PLACES; i++) {
    Place *place = &self->places[i];

    if (place->used_us != 0 && strcmp (place->name, name) == 0 && strcmp (place->address, address) == 0)
      return place;
  }
  return NULL;
}

gboolean
regia_guessing_is_known (RegiaGuessing *self, const char *name, const char *address)
{
  char name_key[KEY_BYTES], address_key[KEY_BYTES];

  write_name (name, name_key);
  write_address (address, address_key);
  return find_known (self, name_key, address_key) != NULL;
}

/* What counts there where @name was right before, in the table of addresses. */
static void
write_known (const char *name, const char *address, char ret_key[KEY_BYTES])
{
  g_snprintf (ret_key, KEY_BYTES, "%s %s", name, address);
}

gint64
regia_guessing_try (RegiaGuessing *self, const char *name, const char *address, gint64 now_us, double jitter)
{
  char name_key[KEY_BYTES], address_key[KEY_BYTES], known_key[KEY_BYTES];
  gboolean known;
  gint64 wait_us;

  write_name (name, name_key);
  write_address (address, address_key);
  write_known (name_key, address_key, known_key);
  known = find_known (self, name_key, address_key) != NULL;
  if (known)
    wait_us = wait_of (&self->addresses, known_key, now_us);
  else
    wait_us = MAX (wait_of (&self->addresses, address_key, now_us), wait_of (&self->names, name_key, now_us));
  if (wait_us > 0)
    return wait_us;
  charge (&self->addresses, known ? known_key : address_key, now_us, jitter);
  charge (&self->names, name_key, now_us, jitter);
  return 0;
}

void
regia_guessing_right (RegiaGuessing *self, const char *name, const char *address, gint64 now_us)
{
  char name_key[KEY_BYTES], address_key[KEY_BYTES], known_key[KEY_BYTES];
  Place *place, *oldest = &self->places[0];

  write_name (name, name_key);
  write_address (address, address_key);
  write_known (name_key, address_key, known_key);
  place = find_known (self, name_key, address_key);
  take_back (&self->addresses, place != NULL ? known_key : address_key);
  take_back (&self->names, name_key);
  for (guint i = 0; i < REGIA_GUESSING_PLACES && place == NULL; i++)
    if (self->places[i].used_us < oldest->used_us)
      oldest = &self->places[i];
  place = place != NULL ? place : oldest;
  g_strlcpy (place->name, name_key, KEY_BYTES);
  g_strlcpy (place->address, address_key, KEY_BYTES);
  place->used_us = MAX (now_us, 1);
}

void
regia_guessing_forget_name (RegiaGuessing *self, const char *name)
{
  for (guint i = 0; i < REGIA_GUESSING_PLACES; i++)
    if (strcmp (self->places[i].name, name) == 0)
      self->places[i].used_us = 0;
}
