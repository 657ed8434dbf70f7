/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include <pulse/pulseaudio.h>

#include "devices-private.h"

/*
 * What the sound server has, asked by the library that captures from it (pulse.c): under the names that
 * `device` takes, with as many channels and at the rate that the device has.
 */

typedef struct {
  RegiaDevicesFound *found; /* borrowed */
  const char *server;       /* (nullable): its address, where it is not the user's own */
  gboolean local;           /* its sound cards are this machine's */
  gboolean done;
} Asked;

static void
on_source_cb (pa_context *context, const pa_source_info *info, int end, void *user_data)
{
  Asked *asked = user_data;
  const char *card, *number;
  g_autofree char *format = NULL, *place = NULL;
  RegiaDevice *device;

  if (info == NULL) {
    asked->done = end != 0;
    return;
  }
  device = regia_device_new ("pulse", "sound", info->description != NULL ? info->description : info->name);
  device->monitor = info->monitor_of_sink != PA_INVALID_INDEX;
  regia_device_identify (device, info->name);
  regia_device_set (&device->server, asked->server != NULL ? asked->server : "");
  format = g_strdup_printf ("%u channel%s, %u Hz", info->sample_spec.channels,
                            info->sample_spec.channels == 1 ? "" : "s", info->sample_spec.rate);
  regia_device_add (&device->formats, format);
  if (device->monitor)
    regia_device_set (&device->remark, "No input: it gives what an output of this machine plays");
  else if (info->mute)
    regia_device_set (&device->remark, "It is muted in the sound server");
  card = asked->local ? pa_proplist_gets (info->proplist, "alsa.card") : NULL;
  number = pa_proplist_gets (info->proplist, "alsa.device");
  if (card != NULL && !device->monitor) {
    place = g_strdup_printf ("alsa:%s,%s", card, number != NULL ? number : "0");
    regia_device_add (&device->places, place);
  }
  if (asked->local) {
    g_autofree char *node = g_strconcat ("node:", info->name, NULL);

    regia_device_add (&device->places, node);
  }
  g_ptr_array_add (asked->found->devices, device);
}

static char *
explain (int code)
{
  if (code == PA_ERR_ACCESS || code == PA_ERR_AUTHKEY)
    return g_strdup ("it refuses this user; look as the one that it runs for, or allow it there");
  if (code == PA_ERR_TIMEOUT)
    return g_strdup ("it does not answer; restart it");
  if (g_getenv ("PULSE_SERVER") != NULL)
    return g_strdup_printf ("none answers at %s (%s); correct PULSE_SERVER", g_getenv ("PULSE_SERVER"),
                            pa_strerror (code));
  return g_strdup_printf ("none runs for the user %s (%s)", g_get_user_name (), pa_strerror (code));
}

/* Returns: FALSE when the server is not there or went away. */
static gboolean
ask (pa_mainloop *loop, pa_context *context, Asked *asked)
{
  pa_operation *operation;

  if (pa_context_connect (context, NULL, PA_CONTEXT_NOAUTOSPAWN, NULL) < 0)
    return FALSE;
  while (pa_context_get_state (context) != PA_CONTEXT_READY)
    if (!PA_CONTEXT_IS_GOOD (pa_context_get_state (context)) || pa_mainloop_iterate (loop, 1, NULL) < 0)
      return FALSE;
  asked->local = pa_context_is_local (context) == 1;
  asked->server = g_getenv ("PULSE_SERVER") != NULL ? pa_context_get_server (context) : NULL;
  operation = pa_context_get_source_info_list (context, on_source_cb, asked);
  if (operation == NULL)
    return FALSE;
  while (pa_operation_get_state (operation) == PA_OPERATION_RUNNING)
    if (pa_mainloop_iterate (loop, 1, NULL) < 0)
      break;
  pa_operation_unref (operation);
  return asked->done;
}

void
regia_devices_look_pulse (RegiaDevicesFound *found)
{
  Asked asked = {.found = found};
  pa_mainloop *loop = pa_mainloop_new ();
  pa_context *context = pa_context_new (pa_mainloop_get_api (loop), "regia devices");

  if (!ask (loop, context, &asked))
    g_ptr_array_add (found->notes, explain (pa_context_errno (context)));
  pa_context_disconnect (context);
  pa_context_unref (context);
  pa_mainloop_free (loop);
}
