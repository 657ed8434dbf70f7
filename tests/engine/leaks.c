/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A sanitized program asks for these. ristsrc, ximagesrc and jackaudiosrc (GStreamer 1.22) keep some words of
 * memory of each that is made: names, pad templates. That it is theirs is seen by the whole way to an
 * allocation only, which takes the slow unwinder; so this is linked to those tests alone that make them. */
const char *__asan_default_options (void);
const char *__lsan_default_suppressions (void);

const char *
__asan_default_options (void)
{
  return "fast_unwind_on_malloc=0";
}

const char *
__lsan_default_suppressions (void)
{
  return "leak:libgstrist.so\nleak:libgstximagesrc.so\nleak:libgstjack.so\n";
}
