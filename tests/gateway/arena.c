/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The memory that is sent by sendfile: places come and go, and what a socket holds stays what it was. */
#include "arena-private.h"

#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#define MIB (1024 * 1024)

static GBytes *
make (gsize length, char fill)
{
  char *data = g_malloc (length);

  memset (data, fill, length);
  return g_bytes_new_take (data, length);
}

static GBytes *
keep (RegiaArena *arena, gsize length, char fill)
{
  g_autoptr (GBytes) bytes = make (length, fill);
  return regia_arena_keep (arena, bytes);
}

static void
assert_filled (GBytes *bytes, gsize length, char fill)
{
  g_autoptr (GBytes) wanted = make (length, fill);
  g_assert_true (g_bytes_equal (bytes, wanted));
}

static void
test_places (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaArena) arena = regia_arena_new (4 * MIB, &error);
  GBytes *kept[4], *small, *more, *again;
  guint64 offset = 0, freed = 0;

  g_assert_no_error (error);
  for (int i = 0; i < 4; i++) {
    kept[i] = keep (arena, MIB - 100, (char)('a' + i));
    g_assert_cmpint (regia_arena_find (arena, kept[i], &offset), >=, 0);
    g_assert_cmpuint (offset, ==, (guint64)i * MIB);
  }
  more = keep (arena, MIB, 'x'); /* no room: it stays where it was */
  g_assert_cmpint (regia_arena_find (arena, more, &offset), ==, -1);
  assert_filled (more, MIB, 'x');
  small = keep (arena, 100, 'y'); /* not worth it */
  g_assert_cmpint (regia_arena_find (arena, small, &offset), ==, -1);
  g_assert_cmpint (regia_arena_find (arena, kept[1], &freed), >=, 0);
  g_bytes_unref (kept[1]);
  again = keep (arena, MIB / 2, 'z');
  g_assert_cmpint (regia_arena_find (arena, again, &offset), >=, 0);
  g_assert_cmpuint (offset, ==, freed);
  kept[1] = keep (arena, MIB / 2, 'w'); /* what is left of that gap */
  g_assert_cmpint (regia_arena_find (arena, kept[1], &offset), >=, 0);
  g_assert_cmpuint (offset, ==, freed + MIB / 2);
  assert_filled (kept[0], MIB - 100, 'a');
  assert_filled (kept[1], MIB / 2, 'w');
  assert_filled (kept[2], MIB - 100, 'c');
  assert_filled (again, MIB / 2, 'z');
  g_bytes_unref (small);
  g_bytes_unref (more);
  g_bytes_unref (again);
  for (int i = 0; i < 4; i++)
    g_bytes_unref (kept[i]);
}

/* A body that left the window, and whose place is another's by now, arrives as it was. */
static void
test_in_flight (void)
{
  enum { LENGTH = 64 * 1024 };
  g_autoptr (RegiaArena) arena = regia_arena_new (MIB, NULL);
  GBytes *first = keep (arena, LENGTH, 'a'), *second;
  g_autofree char *got = g_malloc (LENGTH);
  guint64 offset = 0, other = 0;
  off_t from;
  int pair[2], room = 4 * LENGTH;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
  setsockopt (pair[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  g_assert_cmpint (regia_arena_find (arena, first, &offset), >=, 0);
  from = (off_t)offset;
  g_assert_cmpint (sendfile (pair[0], regia_arena_find (arena, first, &offset), &from, LENGTH), ==, LENGTH);
  g_bytes_unref (first);
  second = keep (arena, LENGTH, 'b');
  g_assert_cmpint (regia_arena_find (arena, second, &other), >=, 0);
  g_assert_cmpuint (other, ==, offset);
  g_assert_cmpint (recv (pair[1], got, LENGTH, MSG_WAITALL), ==, LENGTH);
  for (gsize i = 0; i < LENGTH; i++)
    if (got[i] != 'a')
      g_error ("byte %zu is %c", i, got[i]);
  g_bytes_unref (second);
  close (pair[0]);
  close (pair[1]);
}

/* A body may outlive whoever made the arena. */
static void
test_last_reference (void)
{
  RegiaArena *arena = regia_arena_new (MIB, NULL);
  GBytes *kept = keep (arena, 100000, 'a');

  regia_arena_unref (arena);
  assert_filled (kept, 100000, 'a');
  g_bytes_unref (kept);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gateway/arena/places", test_places);
  g_test_add_func ("/gateway/arena/in-flight", test_in_flight);
  g_test_add_func ("/gateway/arena/last-reference", test_last_reference);
  return g_test_run ();
}
