/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/director/people.h"

#include <string.h>

#include "regia/base/error.h"
#include "regia/base/json.h"
#include "regia/director/password.h"

#define VERSION 1

typedef struct {
  char *name; /* (owned) */
  RegiaRole role;
  char *hash; /* (owned) */
} Person;

struct _RegiaPeople {
  gatomicrefcount references;
  GPtrArray *people; /* (owned) (element-type Person): by name */
};

static void
person_free (Person *person)
{
  g_free (person->name);
  g_free (person->hash);
  g_free (person);
}

static Person *
person_new (const char *name, RegiaRole role, const char *hash)
{
  Person *person = g_new (Person, 1);

  *person = (Person){g_strdup (name), role, g_strdup (hash)};
  return person;
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  const Person *const *one = a, *const *other = b;

  return strcmp ((*one)->name, (*other)->name);
}

RegiaPeople *
regia_people_new (void)
{
  RegiaPeople *self = g_new0 (RegiaPeople, 1);

  g_atomic_ref_count_init (&self->references);
  self->people = g_ptr_array_new_with_free_func ((GDestroyNotify)person_free);
  return self;
}

RegiaPeople *
regia_people_ref (RegiaPeople *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
regia_people_unref (RegiaPeople *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->references))
    return;
  g_ptr_array_unref (self->people);
  g_free (self);
}

static const Person *
find (RegiaPeople *self, const char *name)
{
  for (guint i = 0; i < self->people->len; i++) {
    const Person *person = g_ptr_array_index (self->people, i);

    if (strcmp (person->name, name) == 0)
      return person;
  }
  return NULL;
}

/* (transfer full): all but @name. */
static RegiaPeople *
copy_without (RegiaPeople *self, const char *name)
{
  RegiaPeople *copy = regia_people_new ();

  for (guint i = 0; i < self->people->len; i++) {
    const Person *person = g_ptr_array_index (self->people, i);

    if (strcmp (person->name, name) != 0)
      g_ptr_array_add (copy->people, person_new (person->name, person->role, person->hash));
  }
  return copy;
}

gboolean
regia_people_check_name (const char *name, GError **error)
{
  static const char alphabet[] = G_CSET_a_2_z G_CSET_DIGITS "._-";
  gsize length = strlen (name);

  if (length >= 1 && length <= REGIA_PEOPLE_NAME_MAX && strspn (name, alphabet) == length &&
      g_ascii_isalnum (name[0]))
    return TRUE;
  /* Not repeated: people write the password there by mistake. */
  g_set_error (error, REGIA_ERROR, REGIA_ERROR_USAGE,
               "this is no name for somebody; write 1 to %d of a-z 0-9 . _ -, a letter or digit first",
               REGIA_PEOPLE_NAME_MAX);
  return FALSE;
}

static gboolean
check_person (const char *name, RegiaRole role, const char *hash, GError **error)
{
  if (!regia_people_check_name (name, error))
    return FALSE;
  if (role != REGIA_ROLE_STAFF && role != REGIA_ROLE_TECHNICIAN) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_USAGE, "%s can be staff or technician", name);
    return FALSE;
  }
  if (!regia_password_is_hash (hash)) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_USAGE,
                 "what is kept of %s's password is no yescrypt hash of this program", name);
    return FALSE;
  }
  return TRUE;
}

RegiaPeople *
regia_people_with (RegiaPeople *self, const char *name, RegiaRole role, const char *hash, GError **error)
{
  g_autoptr (RegiaPeople) copy = NULL;

  if (!check_person (name, role, hash, error))
    return NULL;
  copy = copy_without (self, name);
  if (copy->people->len >= REGIA_PEOPLE_MAX) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_STATE,
                 "%d people are the most; remove one with `regia passwd --remove NAME`", REGIA_PEOPLE_MAX);
    return NULL;
  }
  g_ptr_array_add (copy->people, person_new (name, role, hash));
  g_ptr_array_sort (copy->people, compare);
  return g_steal_pointer (&copy);
}

RegiaPeople *
regia_people_without (RegiaPeople *self, const char *name, GError **error)
{
  if (!regia_people_check_name (name, error))
    return NULL;
  if (find (self, name) != NULL)
    return copy_without (self, name);
  g_set_error (error, REGIA_ERROR, REGIA_ERROR_USAGE,
               "nobody is called %s; `regia passwd --list` says who there is", name);
  return NULL;
}

guint
regia_people_count (RegiaPeople *self)
{
  return self->people->len;
}

const char *
regia_people_get_name (RegiaPeople *self, guint i)
{
  g_return_val_if_fail (i < self->people->len, NULL);
  return ((const Person *)g_ptr_array_index (self->people, i))->name;
}

const char *
regia_people_find (RegiaPeople *self, const char *name, RegiaRole *ret_role)
{
  const Person *person = find (self, name);

  if (person != NULL && ret_role != NULL)
    *ret_role = person->role;
  return person != NULL ? person->hash : NULL;
}

char *
regia_people_to_json (RegiaPeople *self)
{
  GVariantBuilder list;
  GVariantDict dict;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("av"));
  for (guint i = 0; i < self->people->len; i++) {
    const Person *person = g_ptr_array_index (self->people, i);

    g_variant_builder_add (&list, "v",
                           g_variant_new_parsed ("{'name': <%s>, 'role': <%s>, 'password': <%s>}",
                                                 person->name, regia_role_to_string (person->role),
                                                 person->hash));
  }
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "version", "x", (gint64)VERSION);
  g_variant_dict_insert_value (&dict, "people", g_variant_builder_end (&list));
  return regia_json_from_variant (g_variant_dict_end (&dict), TRUE);
}

static gboolean
read_person (RegiaPeople *self, guint number, GVariant *boxed, GError **error)
{
  g_autoptr (GVariant) dict = g_variant_get_variant (boxed);
  g_autoptr (GError) local_error = NULL;
  const char *name, *hash;
  RegiaRole role;

  if (!g_variant_is_of_type (dict, G_VARIANT_TYPE_VARDICT)) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA, "entry %u is no person", number);
    return FALSE;
  }
  name = regia_json_get_string (dict, "name");
  hash = regia_json_get_string (dict, "password");
  if (!regia_role_parse (regia_json_get_string (dict, "role"), &role))
    role = REGIA_ROLE_VIEWER; /* which nobody can be */
  if (!check_person (name, role, hash, &local_error)) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA, "entry %u: %s", number, local_error->message);
    return FALSE;
  }
  if (find (self, name) != NULL || self->people->len >= REGIA_PEOPLE_MAX) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA, "entry %u is there twice or one too many", number);
    return FALSE;
  }
  g_ptr_array_add (self->people, person_new (name, role, hash));
  return TRUE;
}

RegiaPeople *
regia_people_from_json (const char *text, GError **error)
{
  g_autoptr (RegiaPeople) self = regia_people_new ();
  g_autoptr (GVariant) list = regia_json_read_list (text, VERSION, "people", error);

  if (list == NULL)
    return NULL;
  for (guint i = 0; i < g_variant_n_children (list); i++) {
    g_autoptr (GVariant) boxed = g_variant_get_child_value (list, i);

    if (!read_person (self, i + 1, boxed, error))
      return NULL;
  }
  g_ptr_array_sort (self->people, compare);
  return g_steal_pointer (&self);
}
