/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "invitations-private.h"

#include "sessions-private.h"

typedef struct {
  char *digest, *name; /* (owned) */
  RegiaRole role;
  gint64 until_us;
} Invitation;

struct _RegiaInvitations {
  GPtrArray *invitations; /* (owned) (element-type Invitation): the oldest first */
};

static void
invitation_free (Invitation *invitation)
{
  g_free (invitation->digest);
  g_free (invitation->name);
  g_free (invitation);
}

RegiaInvitations *
regia_invitations_new (void)
{
  RegiaInvitations *self = g_new0 (RegiaInvitations, 1);

  self->invitations = g_ptr_array_new_with_free_func ((GDestroyNotify)invitation_free);
  return self;
}

void
regia_invitations_free (RegiaInvitations *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->invitations);
  g_free (self);
}

char *
regia_invitations_make (RegiaInvitations *self, const char *name, RegiaRole role, gint64 now_us)
{
  char *token = regia_token_new ();
  Invitation *invitation = g_new (Invitation, 1);

  regia_invitations_forget (self, name);
  *invitation = (Invitation){regia_token_digest (token), g_strdup (name), role,
                             now_us + (gint64)REGIA_INVITATION_S * G_USEC_PER_SEC};
  if (self->invitations->len >= REGIA_INVITATIONS_MAX)
    g_ptr_array_remove_index (self->invitations, 0);
  g_ptr_array_add (self->invitations, invitation);
  return token;
}

/* Compared by digest, so the time that takes says nothing about a token that is good. */
static Invitation *
find (RegiaInvitations *self, const char *token, gint64 now_us)
{
  g_autofree char *digest = regia_token_digest (token);

  for (guint i = 0; i < self->invitations->len && digest != NULL; i++) {
    Invitation *invitation = g_ptr_array_index (self->invitations, i);

    if (g_str_equal (invitation->digest, digest))
      return now_us < invitation->until_us ? invitation : NULL;
  }
  return NULL;
}

const char *
regia_invitations_find (RegiaInvitations *self, const char *token, gint64 now_us, RegiaRole *ret_role)
{
  const Invitation *invitation = find (self, token, now_us);

  if (invitation == NULL)
    return NULL;
  *ret_role = invitation->role;
  return invitation->name;
}

gboolean
regia_invitations_take (RegiaInvitations *self, const char *token, gint64 now_us)
{
  Invitation *invitation = find (self, token, now_us);

  return invitation != NULL && g_ptr_array_remove (self->invitations, invitation);
}

void
regia_invitations_forget (RegiaInvitations *self, const char *name)
{
  for (guint i = self->invitations->len; i > 0; i--)
    if (g_str_equal (((Invitation *)g_ptr_array_index (self->invitations, i - 1))->name, name))
      g_ptr_array_remove_index (self->invitations, i - 1);
}
