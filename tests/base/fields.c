/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/base/fields.h"

#include "regia/base/json.h"

typedef struct {
  char *text, **list;
  gboolean yes;
  guint count;
  gint64 whole;
  guint64 large;
  double real;
} Values;

static const RegiaField fields[] = {
    REGIA_FIELD_STRING (Values, text, "text"),  REGIA_FIELD_STRINGS (Values, list, "list"),
    REGIA_FIELD_BOOLEAN (Values, yes, "yes"),   REGIA_FIELD_UINT (Values, count, "count"),
    REGIA_FIELD_INT64 (Values, whole, "whole"), REGIA_FIELD_UINT64 (Values, large, "large"),
    REGIA_FIELD_DOUBLE (Values, real, "real"),  {NULL},
};

static void
test_round_trip (void)
{
  Values values = {g_strdup ("è"),
                   g_strsplit ("a b", " ", -1),
                   TRUE,
                   7,
                   -5,
                   G_GUINT64_CONSTANT (5000000000),
                   0.25},
         none = {0}, read = {g_strdup ("old"), g_strsplit ("x", " ", -1), TRUE, 1, 1, 1, 1};
  g_autofree char *text = regia_json_from_variant (regia_fields_to_variant (fields, &values), FALSE);
  g_autofree char *empty = regia_json_from_variant (regia_fields_to_variant (fields, &none), FALSE);
  g_autoptr (GVariant) dict = regia_json_to_vardict (text, -1, NULL);
  g_autofree char *again = NULL;

  g_assert_cmpstr (
      text, ==,
      "{\"count\":7,\"large\":5000000000,\"list\":[\"a\",\"b\"],\"real\":0.25,\"text\":\"è\",\"whole\":-5,"
      "\"yes\":true}");
  g_assert_cmpstr (
      empty, ==,
      "{\"count\":0,\"large\":0,\"list\":[],\"real\":0.0,\"text\":\"\",\"whole\":0,\"yes\":false}");
  regia_fields_read (fields, dict, &read);
  again = regia_json_from_variant (regia_fields_to_variant (fields, &read), FALSE);
  g_assert_cmpstr (again, ==, text);
  regia_fields_clear (fields, &values);
  regia_fields_clear (fields, &read);
  g_assert_null (read.text);
}

static void
test_odd (void)
{
  static const struct {
    const char *text, *read;
  } odd[] = {
      {"{}", "{\"count\":0,\"large\":0,\"list\":[],\"real\":0.0,\"text\":\"\",\"whole\":0,\"yes\":false}"},
      {"{\"count\":-1,\"large\":-1,\"list\":\"a\",\"real\":\"x\",\"text\":5,\"whole\":1e300,\"yes\":1}",
       "{\"count\":0,\"large\":0,\"list\":[],\"real\":0.0,\"text\":\"\",\"whole\":0,\"yes\":false}"},
      {"{\"count\":5000000000,\"large\":2.9,\"list\":[\"a\",1,[\"b\"],null],\"real\":3,\"text\":null,"
       "\"whole\":-2.5}",
       "{\"count\":2147483647,\"large\":2,\"list\":[\"a\",\"\"],\"real\":3.0,\"text\":\"\",\"whole\":-2,"
       "\"yes\":false}"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (odd); i++) {
    g_autoptr (GVariant) dict = regia_json_to_vardict (odd[i].text, -1, NULL);
    Values values = {0};
    g_autofree char *text = NULL;

    regia_fields_read (fields, dict, &values);
    text = regia_json_from_variant (regia_fields_to_variant (fields, &values), FALSE);
    g_assert_cmpstr (text, ==, odd[i].read);
    regia_fields_clear (fields, &values);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/fields/round-trip", test_round_trip);
  g_test_add_func ("/base/fields/odd", test_odd);
  return g_test_run ();
}
