/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/feed/packet.h"

RegiaPacket *
regia_packet_new (guint track, guint flags, gint64 pts_ns, gint64 dts_ns, gint64 duration_ns, GBytes *payload)
{
  RegiaPacket *self;

  g_return_val_if_fail (payload != NULL, NULL);

  self = g_new0 (RegiaPacket, 1);
  g_atomic_ref_count_init (&self->ref_count);
  self->track = track;
  self->flags = flags;
  self->pts_ns = pts_ns;
  self->dts_ns = dts_ns;
  self->duration_ns = duration_ns;
  self->payload = payload;
  return self;
}

RegiaPacket *
regia_packet_ref (RegiaPacket *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
regia_packet_unref (RegiaPacket *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_bytes_unref (self->payload);
  g_free (self);
}

gboolean
regia_packet_is_keyframe (const RegiaPacket *self)
{
  return (self->flags & REGIA_PACKET_KEYFRAME) != 0;
}
