/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * For builds with LeakSanitizer alone. GLib replaces the array of its quarks whenever it is full (each 2 048
 * of them; GStreamer needs some thousands) and leaves the old one, on purpose, to those who may still be
 * reading it. A suppression by name needs the whole way to the allocation, and with it the slow unwinder in
 * every malloc(): three quarters of the processor that the sanitized tests took. So the old arrays are
 * pointed to from here instead: GLib's variable is found once, and read before each allocation of that size.
 */
#include <glib.h>
#include <link.h>
#include <string.h>

#define BLOCK_BYTES (2048 * sizeof (char *)) // glib/gquark.c: QUARK_BLOCK_SIZE

/* As in sanitizer/allocator_interface.h, which gcc does not bring with it. */
int __sanitizer_get_ownership (const volatile void *memory);
size_t __sanitizer_get_allocated_size (const volatile void *memory);
int __sanitizer_install_malloc_and_free_hooks (void (*allocated) (const volatile void *memory, size_t size),
                                               void (*freed) (const volatile void *memory));

void regia_lsan_keep_quarks (void);

static char ***quarks;  // GLib's variable; (nullable): not found, so nothing is kept
static char **kept[64]; // what it pointed to
static unsigned n_kept; // GLib allocates the arrays under a lock of its own

static void
allocated (const volatile void *memory, size_t size)
{
  if (quarks && size % BLOCK_BYTES == 0 && n_kept < G_N_ELEMENTS (kept) &&
      (n_kept == 0 || kept[n_kept - 1] != *quarks))
    kept[n_kept++] = *quarks;
}

static void
freed (const volatile void *memory)
{
}

/* Whether a word is the address of the quarks: an array of one block that begins with those that everybody
 * can ask for. */
static gboolean
is_array (char **word)
{
  return __sanitizer_get_ownership (word) && __sanitizer_get_allocated_size (word) == BLOCK_BYTES &&
         !word[0] && word[1] == g_quark_to_string (1) && word[2] == g_quark_to_string (2);
}

static int
look_in (struct dl_phdr_info *info, size_t size, void *user_data)
{
  if (!strstr (info->dlpi_name, "/libglib-2.0.so"))
    return 0;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW (Phdr) *part = &info->dlpi_phdr[i];
    char ***words = (char ***)(info->dlpi_addr + part->p_vaddr);

    if (part->p_type == PT_LOAD && (part->p_flags & PF_W))
      for (size_t n = 0; n < part->p_memsz / sizeof *words && !quarks; n++)
        if (is_array (words[n]))
          quarks = &words[n];
  }
  return 1;
}

/* Runs after GLib's own, which makes the first quarks. */
__attribute__ ((constructor)) void
regia_lsan_keep_quarks (void)
{
  dl_iterate_phdr (look_in, NULL);
  __sanitizer_install_malloc_and_free_hooks (allocated, freed);
}
