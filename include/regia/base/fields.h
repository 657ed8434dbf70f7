/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/**
 * A struct's members as entries of an a{sv}, and back: one table for each struct says which, under what name
 * and of what type, where a{sv} is what goes over D-Bus and into JSON. Pure; any thread.
 */
typedef enum {
  REGIA_FIELD_STRING,  /* char *, owned: s */
  REGIA_FIELD_STRINGS, /* char **, owned: as */
  REGIA_FIELD_BOOLEAN, /* gboolean: b */
  REGIA_FIELD_UINT,    /* guint: u */
  REGIA_FIELD_INT64,   /* gint64: x */
  REGIA_FIELD_UINT64,  /* guint64: t */
  REGIA_FIELD_DOUBLE,  /* double: d */
} RegiaFieldType;

typedef struct {
  const char *key; /* %NULL ends a table */
  RegiaFieldType type;
  gsize offset;
} RegiaField;

/** REGIA_FIELD_OF: a row of a table. @ctype: the member's type, which the compiler holds against it. */
#define REGIA_FIELD_OF(structure, member, key, type, ctype)                                                  \
  {(key), (type),                                                                                            \
   G_STRUCT_OFFSET (structure, member) +                                                                     \
       0 * sizeof (                                                                                          \
               char[__builtin_types_compatible_p (__typeof__ (((structure *)NULL)->member), ctype) ? 1       \
                                                                                                   : -1])}
#define REGIA_FIELD_STRING(structure, member, key)                                                           \
  REGIA_FIELD_OF (structure, member, key, REGIA_FIELD_STRING, char *)
#define REGIA_FIELD_STRINGS(structure, member, key)                                                          \
  REGIA_FIELD_OF (structure, member, key, REGIA_FIELD_STRINGS, char **)
#define REGIA_FIELD_BOOLEAN(structure, member, key)                                                          \
  REGIA_FIELD_OF (structure, member, key, REGIA_FIELD_BOOLEAN, gboolean)
#define REGIA_FIELD_UINT(structure, member, key)                                                             \
  REGIA_FIELD_OF (structure, member, key, REGIA_FIELD_UINT, guint)
#define REGIA_FIELD_INT64(structure, member, key)                                                            \
  REGIA_FIELD_OF (structure, member, key, REGIA_FIELD_INT64, gint64)
#define REGIA_FIELD_UINT64(structure, member, key)                                                           \
  REGIA_FIELD_OF (structure, member, key, REGIA_FIELD_UINT64, guint64)
#define REGIA_FIELD_DOUBLE(structure, member, key)                                                           \
  REGIA_FIELD_OF (structure, member, key, REGIA_FIELD_DOUBLE, double)

/** regia_fields_put: adds what @values holds to @builder, of type a{sv}; strings that are %NULL as "" and an
 * empty list. */
void regia_fields_put (const RegiaField *fields, gconstpointer values, GVariantBuilder *builder);
/** regia_fields_to_variant: (transfer floating): the same as an a{sv} of its own. */
GVariant *regia_fields_to_variant (const RegiaField *fields, gconstpointer values);

/** regia_fields_read: what @dict, an a{sv} as JSON gives it (regia_json_to_vardict()), has for @fields into
 * @values; what is missing or of another type becomes "", empty or 0, a number beyond a type's range its
 * nearest one (of a guint: at most what an int holds). Strings that were there are freed. */
void regia_fields_read (const RegiaField *fields, GVariant *dict, gpointer values);

/** regia_fields_clear: frees the strings in @values. */
void regia_fields_clear (const RegiaField *fields, gpointer values);
