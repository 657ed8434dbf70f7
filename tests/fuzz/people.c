/* SPDX-License-Identifier: GPL-3.0-or-later */
/* people.json and sessions.json: what is read of any bytes is within bounds, and reads the same once it was
 * written. */
#include <stdint.h>
#include <string.h>

#include "regia/director/people.h"
#include "sessions-private.h"

#define NOW 1790000000

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
read_people (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaPeople) people = regia_people_from_json (text, &error), again = NULL;
  g_autofree char *written = NULL, *rewritten = NULL;

  g_assert_true ((people == NULL) == (error != NULL));
  if (people == NULL)
    return;
  g_assert_cmpuint (regia_people_count (people), <=, REGIA_PEOPLE_MAX);
  for (guint i = 0; i < regia_people_count (people); i++) {
    RegiaRole role = REGIA_ROLE_VIEWER;

    g_assert_true (regia_people_check_name (regia_people_get_name (people, i), NULL));
    g_assert_nonnull (regia_people_find (people, regia_people_get_name (people, i), &role));
    g_assert_true (role == REGIA_ROLE_STAFF || role == REGIA_ROLE_TECHNICIAN);
  }
  written = regia_people_to_json (people);
  again = regia_people_from_json (written, NULL);
  g_assert_nonnull (again);
  rewritten = regia_people_to_json (again);
  g_assert_cmpstr (rewritten, ==, written);
}

static void
read_sessions (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaSessions) sessions = regia_sessions_from_json (text, NOW, &error), again = NULL;
  g_autofree char *written = NULL;

  g_assert_true ((sessions == NULL) == (error != NULL));
  if (sessions == NULL)
    return;
  g_assert_cmpuint (regia_sessions_count (sessions, NULL), <=, REGIA_SESSIONS_MAX);
  written = regia_sessions_to_json (sessions);
  again = regia_sessions_from_json (written, NOW, NULL);
  g_assert_nonnull (again);
  g_assert_cmpuint (regia_sessions_count (again, NULL), ==, regia_sessions_count (sessions, NULL));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *)data, size);

  read_people (text);
  read_sessions (text);
  return 0;
}
