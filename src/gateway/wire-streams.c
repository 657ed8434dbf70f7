/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "wire-streams-private.h"

/*
 * The two ends of a wire that the library holds: pollable streams with nothing of their own. The library may
 * keep one longer than the wire lives; it then finds it closed. Their sources look at what the poller knows
 * of the socket and have no descriptor (see poller.h).
 */
typedef struct {
  GInputStream parent;
  RegiaWire *wire; /* (unowned) (nullable) */
} RegiaWireInput;
typedef GInputStreamClass RegiaWireInputClass;
typedef struct {
  GOutputStream parent;
  RegiaWire *wire; /* (unowned) (nullable) */
} RegiaWireOutput;
typedef GOutputStreamClass RegiaWireOutputClass;

static GType regia_wire_input_get_type (void);
static GType regia_wire_output_get_type (void);
static void input_pollable_init (GPollableInputStreamInterface *iface);
static void output_pollable_init (GPollableOutputStreamInterface *iface);

G_DEFINE_TYPE_WITH_CODE (RegiaWireInput, regia_wire_input, G_TYPE_INPUT_STREAM,
                         G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM, input_pollable_init))
G_DEFINE_TYPE_WITH_CODE (RegiaWireOutput, regia_wire_output, G_TYPE_OUTPUT_STREAM,
                         G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM, output_pollable_init))

static gssize
fail_detached (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "closed");
  return -1;
}

/* StreamSource: a pollable source (GPollableSourceFunc) that is ready when its stream is. */
typedef struct {
  GSource parent;
  GObject *stream; /* (owned) */
  gboolean (*is_ready) (GObject *stream);
} StreamSource;

static gboolean
stream_source_check (GSource *source)
{
  StreamSource *self = (StreamSource *)source;
  return self->is_ready (self->stream);
}

static gboolean
stream_source_prepare (GSource *source, int *timeout)
{
  *timeout = -1;
  return stream_source_check (source);
}

static gboolean
stream_source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  GPollableSourceFunc func = (GPollableSourceFunc)(void (*) (void))callback;
  return func (((StreamSource *)source)->stream, user_data);
}

static void
stream_source_finalize (GSource *source)
{
  g_object_unref (((StreamSource *)source)->stream);
}

/* What g_source_set_closure() makes of a closure for this kind of source. */
static gboolean
stream_source_closure_cb (GObject *stream, gpointer data)
{
  GValue param = G_VALUE_INIT, result = G_VALUE_INIT;
  gboolean again;

  g_value_init (&result, G_TYPE_BOOLEAN);
  g_value_init (&param, G_TYPE_OBJECT);
  g_value_set_object (&param, stream);
  g_closure_invoke (data, &result, 1, &param, NULL);
  again = g_value_get_boolean (&result);
  g_value_unset (&result);
  g_value_unset (&param);
  return again;
}

static GSource *
stream_source_new (gpointer stream, gboolean (*is_ready) (GObject *stream), GCancellable *cancellable)
{
  static GSourceFuncs funcs = {
      .prepare = stream_source_prepare,
      .check = stream_source_check,
      .dispatch = stream_source_dispatch,
      .finalize = stream_source_finalize,
      .closure_callback = (GSourceFunc)(void (*) (void))stream_source_closure_cb,
  };
  GSource *source = g_source_new (&funcs, sizeof (StreamSource));

  ((StreamSource *)source)->stream = g_object_ref (stream);
  ((StreamSource *)source)->is_ready = is_ready;
  if (cancellable != NULL) {
    g_autoptr (GSource) cancel = g_cancellable_source_new (cancellable);
    g_source_set_dummy_callback (cancel);
    g_source_add_child_source (source, cancel);
  }
  return source;
}

/* Input. */

static gssize
input_read (GInputStream *stream, void *buffer, gsize count, GCancellable *cancellable, GError **error)
{
  RegiaWire *wire = ((RegiaWireInput *)stream)->wire;
  return wire == NULL ? fail_detached (error) : regia_wire_read (wire, buffer, count, error);
}

static gssize
input_read_nonblocking (GPollableInputStream *stream, void *buffer, gsize count, GError **error)
{
  return input_read (G_INPUT_STREAM (stream), buffer, count, NULL, error);
}

static gboolean
input_is_ready (GObject *stream)
{
  RegiaWire *wire = ((RegiaWireInput *)stream)->wire;
  return wire == NULL || regia_wire_is_readable (wire);
}

static gboolean
input_is_readable (GPollableInputStream *stream)
{
  return input_is_ready (G_OBJECT (stream));
}

static GSource *
input_create_source (GPollableInputStream *stream, GCancellable *cancellable)
{
  return stream_source_new (stream, input_is_ready, cancellable);
}

static void
input_pollable_init (GPollableInputStreamInterface *iface)
{
  iface->is_readable = input_is_readable;
  iface->create_source = input_create_source;
  iface->read_nonblocking = input_read_nonblocking;
}

static void
regia_wire_input_class_init (RegiaWireInputClass *klass)
{
  klass->read_fn = input_read;
}

static void
regia_wire_input_init (RegiaWireInput *self)
{
}

GInputStream *
regia_wire_input_new (RegiaWire *wire)
{
  RegiaWireInput *self = g_object_new (regia_wire_input_get_type (), NULL);
  self->wire = wire;
  return &self->parent;
}

void
regia_wire_input_detach (GInputStream *stream)
{
  ((RegiaWireInput *)stream)->wire = NULL;
}

/* Output. */

static gssize
output_write (GOutputStream *stream, const void *buffer, gsize count, GCancellable *cancellable,
              GError **error)
{
  RegiaWire *wire = ((RegiaWireOutput *)stream)->wire;
  return wire == NULL ? fail_detached (error) : regia_wire_write (wire, buffer, count, error);
}

static gssize
output_write_nonblocking (GPollableOutputStream *stream, const void *buffer, gsize count, GError **error)
{
  return output_write (G_OUTPUT_STREAM (stream), buffer, count, NULL, error);
}

static gboolean
output_is_ready (GObject *stream)
{
  RegiaWire *wire = ((RegiaWireOutput *)stream)->wire;
  return wire == NULL || regia_wire_is_writable (wire);
}

static gboolean
output_is_writable (GPollableOutputStream *stream)
{
  return output_is_ready (G_OBJECT (stream));
}

static GSource *
output_create_source (GPollableOutputStream *stream, GCancellable *cancellable)
{
  return stream_source_new (stream, output_is_ready, cancellable);
}

static void
output_pollable_init (GPollableOutputStreamInterface *iface)
{
  iface->is_writable = output_is_writable;
  iface->create_source = output_create_source;
  iface->write_nonblocking = output_write_nonblocking;
}

static void
regia_wire_output_class_init (RegiaWireOutputClass *klass)
{
  klass->write_fn = output_write;
}

static void
regia_wire_output_init (RegiaWireOutput *self)
{
}

GOutputStream *
regia_wire_output_new (RegiaWire *wire)
{
  RegiaWireOutput *self = g_object_new (regia_wire_output_get_type (), NULL);
  self->wire = wire;
  return &self->parent;
}

void
regia_wire_output_detach (GOutputStream *stream)
{
  ((RegiaWireOutput *)stream)->wire = NULL;
}
