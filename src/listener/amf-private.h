/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/**
 * AMF0, as far as commands of RTMP need it (Action Message Format, AMF 0, Adobe 2007). What is read comes
 * from strangers: nothing is read past the end, nothing goes deeper than a few levels. Pure; any thread.
 */

/** What is left to read of a message; not owned. */
typedef struct {
  const guint8 *at;
  gsize left;
} RegiaAmf;

/** The longest text that is taken; a longer one is a fault. */
#define REGIA_AMF_TEXT_MAX 1024

/** regia_amf_read_text: @ret_text: (out) (transfer full): UTF-8. %FALSE when the next value is no string, or
 * one that is not taken. */
gboolean regia_amf_read_text (RegiaAmf *self, char **ret_text) G_GNUC_WARN_UNUSED_RESULT;
/** regia_amf_read_number: %FALSE when the next value is no number. */
gboolean regia_amf_read_number (RegiaAmf *self, double *ret_number) G_GNUC_WARN_UNUSED_RESULT;
/** regia_amf_skip: passes over the next value, of any type. %FALSE when there is none. */
gboolean regia_amf_skip (RegiaAmf *self) G_GNUC_WARN_UNUSED_RESULT;
/** regia_amf_read_member: of the next value, an object, the string that is called @name; @ret_text: (out)
 * (transfer full) (nullable): %NULL when it has none. %FALSE when the next value is no object. */
gboolean regia_amf_read_member (RegiaAmf *self, const char *name, char **ret_text) G_GNUC_WARN_UNUSED_RESULT;

/* Appends one value, or a part of an object: its beginning, the name of what comes next in it, its end. */
void regia_amf_add_text (GByteArray *to, const char *text);
void regia_amf_add_number (GByteArray *to, double number);
void regia_amf_add_null (GByteArray *to);
void regia_amf_begin_object (GByteArray *to);
void regia_amf_add_name (GByteArray *to, const char *name);
void regia_amf_end_object (GByteArray *to);
