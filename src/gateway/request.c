/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "request-private.h"

#include <string.h>

/*
 * The check reads a head once, from left to right, cutting it into strings in place. It knows no state but
 * its arguments, so that the table of good and bad requests in tests/gateway/request.c and the fuzz target
 * say all there is to say about it.
 */

/* Character classes (RFC 9110 §5.6.2, §5.5), one table instead of five comparisons a byte. */
enum { TOKEN = 1, VALUE = 2, PATH = 4, QUERY = 8, HEX = 16, HOST = 32, PLAIN = 64 };

static guint8 classes[256];

static void
mark (const char *chars, guint8 mask)
{
  for (; *chars != '\0'; chars++)
    classes[(guchar)*chars] |= mask;
}

__attribute__ ((constructor)) static void
fill_classes (void)
{
  for (guint c = '0'; c <= '9'; c++)
    classes[c] |= TOKEN | PATH | QUERY | HEX | HOST;
  for (guint c = 'a'; c <= 'z'; c++) {
    classes[c] |= TOKEN | PATH | QUERY | HOST;
    classes[(guchar)g_ascii_toupper ((gchar)c)] |= TOKEN | PATH | QUERY | HOST;
  }
  mark ("abcdefABCDEF", HEX);
  mark ("!#$%&'*+-.^_`|~", TOKEN);
  mark ("._~/-", PATH);
  mark ("-._~!$&'()*+,;=:@/?", QUERY);
  mark (".-_:[]", HOST);
  for (guint c = 0x20; c < 0x7f; c++)
    classes[c] |= VALUE | PLAIN;
  for (guint c = 0x80; c <= 0xff; c++)
    classes[c] |= VALUE;
  classes['\t'] |= VALUE;
}

static gboolean
all_of (const char *text, gsize length, guint8 mask)
{
  for (gsize i = 0; i < length; i++)
    if (!(classes[(guchar)text[i]] & mask))
      return FALSE;
  return TRUE;
}

/* RegiaHosts: a small immutable set of lower-case names; made once, read by every worker. */
struct _RegiaHosts {
  gboolean any;
  gboolean any_address; /* listens on every address of the machine: each numeric address is its own */
  GHashTable *names;    /* (owned) (element-type utf8) without port, IPv6 addresses in their brackets */
};

#define HOST_MAX_BYTES 255

/* Cuts @host into name and port; FALSE when it is not `name[:port]` or `[v6][:port]`. */
static gboolean
split_host (const char *host, gsize length, gsize *ret_name_length)
{
  const char *end = host + length, *p;

  if (length == 0 || length > HOST_MAX_BYTES + 6 || !all_of (host, length, HOST))
    return FALSE;
  if (*host == '[') {
    p = memchr (host, ']', length);
    if (p == NULL || p == host + 1)
      return FALSE;
    p++;
    for (const char *c = host + 1; c < p - 1; c++)
      if (!(classes[(guchar)*c] & HEX) && *c != ':' && *c != '.')
        return FALSE;
  } else {
    p = memchr (host, ':', length);
    if (p == NULL)
      p = end;
    if (p == host || memchr (host, '[', p - host) != NULL || memchr (host, ']', p - host) != NULL)
      return FALSE;
  }
  *ret_name_length = p - host;
  if (p == end)
    return TRUE;
  if (*p++ != ':' || end - p > 5)
    return FALSE;
  guint port = 0;
  for (; p < end; p++) {
    if (!g_ascii_isdigit (*p))
      return FALSE;
    port = port * 10 + (*p - '0');
  }
  return port <= 65535;
}

static void
add_host (RegiaHosts *self, const char *text, gsize length)
{
  gsize name_length;
  if (split_host (text, length, &name_length))
    g_hash_table_add (self->names, g_ascii_strdown (text, name_length));
}

RegiaHosts *
regia_hosts_new (const char *const *names, const char *listen)
{
  RegiaHosts *self = g_new0 (RegiaHosts, 1);
  static const char *const always[] = {"localhost", "127.0.0.1", "[::1]"};

  self->names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (always); i++)
    add_host (self, always[i], strlen (always[i]));
  if (listen != NULL)
    add_host (self, listen, strlen (listen));
  self->any_address =
      listen != NULL && (g_str_has_prefix (listen, "0.0.0.0:") || g_str_has_prefix (listen, "[::]:"));
  for (gsize i = 0; names != NULL && names[i] != NULL; i++) {
    g_autofree char *bracketed = NULL;
    const char *name = names[i];

    if (strcmp (name, "*") == 0)
      self->any = TRUE;
    if (*name != '[' && strchr (name, ':') != NULL && strchr (name, ':') != strrchr (name, ':'))
      name = bracketed = g_strdup_printf ("[%s]", name);
    add_host (self, name, strlen (name));
  }
  return self;
}

void
regia_hosts_free (RegiaHosts *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->names);
  g_free (self);
}

static gboolean
is_address (const char *name)
{
  guint dots = 0;

  if (*name == '[')
    return TRUE; /* split_host() has looked at it */
  for (; *name != '\0'; name++) {
    if (!g_ascii_isdigit (*name) && *name != '.')
      return FALSE;
    dots += *name == '.';
  }
  return dots == 3;
}

gboolean
regia_hosts_allow (const RegiaHosts *self, const char *host, gsize length)
{
  char name[HOST_MAX_BYTES + 1];
  gsize name_length;

  if (!split_host (host, length, &name_length) || name_length > HOST_MAX_BYTES)
    return FALSE;
  if (self->any)
    return TRUE;
  for (gsize i = 0; i < name_length; i++)
    name[i] = g_ascii_tolower (host[i]);
  name[name_length] = '\0';
  return g_hash_table_contains (self->names, name) || (self->any_address && is_address (name));
}

gsize
regia_request_head_length (const char *data, gsize length, gsize *scanned)
{
  gsize from = *scanned;

  /* An empty line before the request line is skipped by the parser (RFC 9112 §2.2), so it does not end a
   * head. */
  if (from < 2 && length >= 2 && data[0] == '\r' && data[1] == '\n')
    from = 2;
  while (from < length) {
    const char *lf = memchr (data + from, '\n', length - from);
    gsize at;

    if (lf == NULL)
      break;
    at = lf - data;
    if (at == 0 || data[at - 1] != '\r')
      return at + 1; /* bare line feed: hand it over as it is, to be refused */
    if (at >= 3 && data[at - 2] == '\n')
      return at + 1;
    from = at + 1;
  }
  *scanned = from;
  return 0;
}

static gboolean
refuse (RegiaRefusal *ret_refusal, guint status, const char *words)
{
  ret_refusal->status = status;
  ret_refusal->words = words;
  return FALSE;
}

/* What the fields said that the verdict needs, kept apart from the request until it is allowed. */
typedef struct {
  guint count, hosts, lengths, encodings, expects;
  gboolean length_bad;
  gboolean upgrade, to_websocket;                /* Connection and Upgrade say so */
  const char *websocket_key, *websocket_version; /* (nullable) */
  guint64 length;
  guint seen;        /* bit per single field */
  guint seen_passed; /* the same of those that are passed on */
} Fields;

/* A field that makes sense once: the second one takes the first back. */
static void
keep_single (Fields *fields, guint bit, const char **slot, const char *value)
{
  *slot = (fields->seen & (1u << bit)) ? NULL : value;
  fields->seen |= 1u << bit;
}

static gboolean
list_has_token (const char *value, const char *token)
{
  gsize n = strlen (token);

  while (*value != '\0') {
    gsize length;
    value += strspn (value, " \t,");
    length = strcspn (value, " \t,;");
    if (length == n && g_ascii_strncasecmp (value, token, n) == 0)
      return TRUE;
    value += strcspn (value, ",");
  }
  return FALSE;
}

/* The same for a token that has no parameters: a weight, which may be 0, counts as "rather not". */
static gboolean
list_has_plain_token (const char *value, const char *token)
{
  gsize n = strlen (token);

  while (*value != '\0') {
    value += strspn (value, " \t,");
    if (g_ascii_strncasecmp (value, token, n) == 0 && strchr (" \t,", value[n]) != NULL) {
      const char *after = value + n + strspn (value + n, " \t");
      if (*after == ',' || *after == '\0')
        return TRUE;
    }
    value += strcspn (value, ",");
  }
  return FALSE;
}

static const char *const passed_names[REGIA_PASSED_N] = {
    [REGIA_PASSED_ACCEPT] = "Accept",
    [REGIA_PASSED_AUTHORIZATION] = "Authorization",
    [REGIA_PASSED_CONTENT_TYPE] = "Content-Type",
    [REGIA_PASSED_COOKIE] = "Cookie",
    [REGIA_PASSED_IF_MATCH] = "If-Match",
    [REGIA_PASSED_LAST_EVENT_ID] = "Last-Event-ID",
    [REGIA_PASSED_ORIGIN] = "Origin",
    [REGIA_PASSED_SEC_FETCH_SITE] = "Sec-Fetch-Site",
};

static void
take_passed (Fields *fields, RegiaRequest *request, const char *name, const char *value)
{
  for (guint i = 0; i < REGIA_PASSED_N; i++) {
    gboolean again = (fields->seen_passed & (1u << i)) != 0;

    if (g_ascii_strcasecmp (name, passed_names[i]) != 0)
      continue;
    fields->seen_passed |= 1u << i;
    request->passed[i] = !again && all_of (value, strlen (value), PLAIN) ? value : NULL;
    return;
  }
}

static void
take_field (Fields *fields, RegiaRequest *request, const char *name, const char *value)
{
  if (strchr ("acilosACILOS", name[0]) != NULL)
    take_passed (fields, request, name, value);
  switch (g_ascii_tolower (name[0])) {
  case 'a':
    if (g_ascii_strcasecmp (name, "accept-encoding") == 0)
      request->gzip |= list_has_plain_token (value, "gzip");
    break;
  case 'c':
    if (g_ascii_strcasecmp (name, "content-length") == 0) {
      fields->lengths++;
      fields->length_bad |=
          *value == '\0' || strlen (value) > 18 || strspn (value, "0123456789") != strlen (value);
      fields->length = fields->length_bad ? 0 : g_ascii_strtoull (value, NULL, 10);
    } else if (g_ascii_strcasecmp (name, "connection") == 0) {
      request->close |= list_has_token (value, "close");
      fields->upgrade |= list_has_token (value, "upgrade");
    }
    break;
  case 'e':
    if (g_ascii_strcasecmp (name, "expect") == 0) {
      request->expects_continue = g_ascii_strcasecmp (value, "100-continue") == 0;
      fields->expects += !request->expects_continue;
    }
    break;
  case 'h':
    if (g_ascii_strcasecmp (name, "host") == 0) {
      fields->hosts++;
      request->host = value;
    }
    break;
  case 'i':
    if (g_ascii_strcasecmp (name, "if-none-match") == 0)
      keep_single (fields, 0, &request->if_none_match, value);
    else if (g_ascii_strcasecmp (name, "if-modified-since") == 0)
      keep_single (fields, 1, &request->if_modified_since, value);
    else if (g_ascii_strcasecmp (name, "if-range") == 0)
      keep_single (fields, 2, &request->if_range, value);
    break;
  case 'r':
    if (g_ascii_strcasecmp (name, "range") == 0)
      keep_single (fields, 3, &request->range, value);
    break;
  case 's':
    if (g_ascii_strcasecmp (name, "sec-websocket-key") == 0)
      keep_single (fields, 5, &fields->websocket_key, value);
    else if (g_ascii_strcasecmp (name, "sec-websocket-version") == 0)
      keep_single (fields, 6, &fields->websocket_version, value);
    break;
  case 't':
    if (g_ascii_strcasecmp (name, "transfer-encoding") == 0)
      fields->encodings++;
    break;
  case 'u':
    if (g_ascii_strcasecmp (name, "user-agent") == 0)
      keep_single (fields, 4, &request->user_agent, value);
    else if (g_ascii_strcasecmp (name, "upgrade") == 0)
      fields->to_websocket = g_ascii_strcasecmp (value, "websocket") == 0;
    break;
  case 'x':
    if (g_ascii_strcasecmp (name, "x-forwarded-for") == 0) {
      request->forwarded_for = value;
    } else if (g_ascii_strcasecmp (name, "x-forwarded-proto") == 0) {
      request->forwarded_proto = g_ascii_strcasecmp (value, "https") == 0  ? "https"
                                 : g_ascii_strcasecmp (value, "http") == 0 ? "http"
                                                                           : NULL;
    } else if (g_ascii_strcasecmp (name, "x-forwarded-host") == 0) {
      keep_single (fields, 6, &request->forwarded_host, value);
    } else if (g_ascii_strcasecmp (name, "x-regia-viewer") == 0) {
      gsize n = strlen (value);
      keep_single (fields, 5, &request->viewer, n >= 1 && n <= 32 && all_of (value, n, HEX) ? value : NULL);
    }
    break;
  default:
    break;
  }
}

/* Cuts the next line off: returns it without its CRLF, NUL-terminated; NULL when it does not end in CRLF or
 * holds what no line may. */
static char *
cut_line (char **cursor, char *end, gsize *ret_length)
{
  char *line = *cursor;
  char *lf = memchr (line, '\n', end - line);

  if (lf == NULL || lf == line || lf[-1] != '\r')
    return NULL;
  *ret_length = lf - 1 - line;
  if (!all_of (line, *ret_length, VALUE))
    return NULL;
  lf[-1] = '\0';
  *cursor = lf + 1;
  return line;
}

/* `METHOD SP target SP HTTP/1.x`: exactly one space each (RFC 9112 §3). */
static gboolean
parse_request_line (char *line, gsize length, char **ret_method, char **ret_target, gsize *ret_target_length,
                    RegiaRequest *request, RegiaRefusal *ret_refusal)
{
  char *sp1 = memchr (line, ' ', length), *sp2 = NULL, *version;

  if (sp1 != NULL)
    sp2 = memchr (sp1 + 1, ' ', line + length - sp1 - 1);
  if (sp1 == NULL || sp1 == line || sp2 == NULL || sp2 == sp1 + 1 || !all_of (line, sp1 - line, TOKEN))
    return refuse (ret_refusal, 400, "The request line is not of the form METHOD TARGET HTTP/1.1");
  version = sp2 + 1;
  if (strncmp (version, "HTTP/", 5) != 0 || strlen (version) != 8 || !g_ascii_isdigit (version[5]) ||
      version[6] != '.' || !g_ascii_isdigit (version[7]))
    return refuse (ret_refusal, 400, "The request line does not end in an HTTP version");
  if (version[5] != '1' || (version[7] != '0' && version[7] != '1'))
    return refuse (ret_refusal, 505, "This server speaks HTTP/1.1");
  request->http10 = version[7] == '0';
  *sp1 = *sp2 = '\0';
  *ret_method = line;
  *ret_target = sp1 + 1;
  *ret_target_length = sp2 - sp1 - 1;
  return TRUE;
}

/* RFC 3986 §3.4: what an address may have behind its question mark. Links are shared with the parameters of
 * campaigns and of mail programs; what nobody asks for is ignored, so all of it is let in, and nothing
 * else. */
static gboolean
is_query (const char *query)
{
  for (; *query != '\0'; query++) {
    if (*query != '%') {
      if (!(classes[(guchar)*query] & QUERY))
        return FALSE;
      continue;
    }
    if (!all_of (query + 1, strnlen (query + 1, 2), HEX) || strnlen (query + 1, 2) < 2)
      return FALSE;
    query += 2;
  }
  return TRUE;
}

static gboolean
check_path (char *path, RegiaRequest *request, RegiaRefusal *ret_refusal)
{
  char *query = strchr (path, '?');

  if (query != NULL) {
    *query++ = '\0';
    if (!is_query (query))
      return refuse (ret_refusal, 400, "The query has characters that no address has");
    request->query = query;
  }
  if (*path != '/' || !all_of (path, strlen (path), PATH) || strstr (path, "..") != NULL ||
      strstr (path, "//") != NULL)
    return refuse (ret_refusal, 400, "The path has characters that no address of this server has");
  request->path = path;
  return TRUE;
}

static gboolean
check_target (char *target, gsize length, RegiaRequest *request, const RegiaHosts *hosts,
              RegiaRefusal *ret_refusal)
{
  if (length > REGIA_REQUEST_MAX_TARGET_BYTES)
    return refuse (ret_refusal, 414, "The address is longer than 2048 characters");
  if (strcmp (target, "*") == 0) {
    if (request->method != REGIA_METHOD_OPTIONS)
      return refuse (ret_refusal, 400, "The target * goes with OPTIONS only");
    request->path = "*";
    return TRUE;
  }
  if (*target != '/') { /* absolute form; the host was checked before */
    static char root[] = "/";
    char *slash = strchr (target + 7, '/'), *question = strchr (target + 7, '?');

    if (question != NULL && (slash == NULL || question < slash))
      return refuse (ret_refusal, 400, "The target has a query but no path");
    return check_path (slash != NULL ? slash : root, request, ret_refusal);
  }
  return check_path (target, request, ret_refusal);
}

/* The host of an absolute target counts as much as the Host field (RFC 9112 §3.2.2). */
static gboolean
check_hosts (const char *target, const Fields *fields, const RegiaRequest *request, const RegiaHosts *hosts,
             RegiaRefusal *ret_refusal)
{
  if (fields->hosts != 1)
    return refuse (ret_refusal, 400, "There must be exactly one Host field");
  if (!regia_hosts_allow (hosts, request->host, strlen (request->host)))
    return refuse (ret_refusal, 421,
                   "This server does not answer under that name; add it to hosts in [web] of the event file");
  if (*target == '/' || strcmp (target, "*") == 0)
    return TRUE;
  if (g_ascii_strncasecmp (target, "http://", 7) != 0)
    return refuse (ret_refusal, 400, "The target is neither a path nor an http address");
  if (!regia_hosts_allow (hosts, target + 7, strcspn (target + 7, "/?#")))
    return refuse (ret_refusal, 421, "This server does not answer under the name in the target");
  return TRUE;
}

static const RegiaBodyRule *
find_rule (const RegiaBodyRule *rules, RegiaMethod method, const char *target)
{
  gsize length = strcspn (target, "?");

  for (; rules != NULL && rules->path != NULL; rules++) {
    gsize prefix = strlen (rules->path);
    gboolean folder = rules->path[prefix - 1] == '/';

    if (rules->method == method && (folder ? length > prefix : length == prefix) &&
        strncmp (target, rules->path, prefix) == 0)
      return rules;
  }
  return NULL;
}

static gboolean
find_method (const char *text, const char *target, const RegiaBodyRule *rules, RegiaRequest *request)
{
  static const char *const names[] = {"GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE"};

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    if (strcmp (text, names[i]) != 0)
      continue;
    request->method = (RegiaMethod)i;
    if (request->method != REGIA_METHOD_HEAD && request->method != REGIA_METHOD_OPTIONS)
      request->rule = find_rule (rules, request->method, target);
    return request->method < REGIA_METHOD_POST || request->rule != NULL;
  }
  return FALSE;
}

static gboolean
check_body (const Fields *fields, RegiaRequest *request, RegiaRefusal *ret_refusal)
{
  if (fields->encodings > 0 && fields->lengths > 0)
    return refuse (ret_refusal, 400, "Content-Length and Transfer-Encoding exclude each other");
  if (fields->encodings > 0)
    return refuse (ret_refusal, 411, "Transfer-Encoding is not accepted here");
  if (fields->lengths > 1 || (fields->lengths == 1 && fields->length_bad))
    return refuse (ret_refusal, 400, "Content-Length must be one number");
  if (request->rule == NULL || request->rule->max_bytes == 0) {
    if (fields->length > 0)
      return refuse (ret_refusal, 400, "This request must not have a body");
    return TRUE;
  }
  if (fields->lengths == 0 && request->method != REGIA_METHOD_DELETE)
    return refuse (ret_refusal, 411, "This request must say the length of its body");
  if (fields->length > request->rule->max_bytes)
    return refuse (ret_refusal, 413, "The body is longer than this address takes");
  request->body_bytes = fields->length;
  return TRUE;
}

/* 16 bytes as base64 (RFC 4648 §4), of which the last digit has four bits that are 0. */
static gboolean
is_websocket_key (const char *key)
{
  return strlen (key) == 24 && strspn (key, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "+/") == 22 &&
         strchr ("AQgw", key[21]) != NULL && strcmp (key + 22, "==") == 0;
}

static void
take_websocket (const Fields *fields, RegiaRequest *request)
{
  if (request->method == REGIA_METHOD_GET && request->rule != NULL && !request->http10 && !request->close &&
      fields->upgrade && fields->to_websocket && g_strcmp0 (fields->websocket_version, "13") == 0 &&
      fields->websocket_key != NULL && is_websocket_key (fields->websocket_key))
    request->websocket_key = fields->websocket_key;
}

gboolean
regia_request_parse (char *head, gsize length, const RegiaHosts *hosts, const RegiaBodyRule *rules,
                     RegiaRequest *ret_request, RegiaRefusal *ret_refusal)
{
  char *cursor = head, *end = head + length, *line, *method, *target;
  gsize line_length, target_length;
  RegiaRequest request = {0};
  Fields fields = {0};

  ret_refusal->json = ret_refusal->head = FALSE;
  if (length >= 2 && cursor[0] == '\r' && cursor[1] == '\n')
    cursor += 2;
  line = cut_line (&cursor, end, &line_length);
  if (line == NULL)
    return refuse (ret_refusal, 400, "The request line is damaged");
  if (!parse_request_line (line, line_length, &method, &target, &target_length, &request, ret_refusal))
    return FALSE;
  ret_refusal->json = g_str_has_prefix (target, "/api/");
  ret_refusal->head = strcmp (method, "HEAD") == 0;

  for (;;) {
    char *colon, *value;

    line = cut_line (&cursor, end, &line_length);
    if (line == NULL)
      return refuse (ret_refusal, 400, "A header line is damaged");
    if (line_length == 0)
      break;
    colon = memchr (line, ':', line_length);
    if (colon == NULL || colon == line || !all_of (line, colon - line, TOKEN))
      return refuse (ret_refusal, 400, "A header line is not of the form Name: value");
    fields.count++;
    *colon = '\0';
    value = colon + 1;
    value += strspn (value, " \t");
    for (char *tail = line + line_length; tail > value && (tail[-1] == ' ' || tail[-1] == '\t'); tail--)
      tail[-1] = '\0';
    take_field (&fields, &request, line, value);
  }

  if (!find_method (method, target, rules, &request))
    return refuse (ret_refusal, 405, "Only GET, HEAD and OPTIONS are served here");
  if (!check_hosts (target, &fields, &request, hosts, ret_refusal) ||
      !check_body (&fields, &request, ret_refusal))
    return FALSE;
  if (fields.expects > 0)
    return refuse (ret_refusal, 417, "Only 100-continue can be expected");
  if (fields.count > REGIA_REQUEST_MAX_FIELDS)
    return refuse (ret_refusal, 431, "There are more than 100 header fields");
  if (!check_target (target, target_length, &request, hosts, ret_refusal))
    return FALSE;
  if (request.forwarded_host != NULL &&
      !regia_hosts_allow (hosts, request.forwarded_host, strlen (request.forwarded_host)))
    request.forwarded_host = NULL;
  take_websocket (&fields, &request);
  *ret_request = request;
  return TRUE;
}

static void
append_field (GString *text, const char *name, const char *value)
{
  if (value != NULL)
    g_string_append_printf (text, "%s: %s\r\n", name, value);
}

char *
regia_request_canonical (const RegiaRequest *request, gboolean last, const char *client, gboolean proxied)
{
  static const char *const methods[] = {"GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE"};
  GString *text = g_string_sized_new (512);

  g_string_append_printf (text, "%s %s", methods[request->method], request->path);
  if (request->query != NULL)
    g_string_append_printf (text, "?%s", request->query);
  g_string_append_printf (text, " HTTP/1.%c\r\n", request->http10 ? '0' : '1');
  append_field (text, "Host",
                proxied && request->forwarded_host != NULL ? request->forwarded_host : request->host);
  if (request->body_bytes > 0 || (request->rule != NULL && request->method != REGIA_METHOD_DELETE &&
                                  request->method != REGIA_METHOD_GET))
    g_string_append_printf (text, "Content-Length: %" G_GUINT64_FORMAT "\r\n", request->body_bytes);
  if (request->body_bytes > 0 && request->expects_continue)
    append_field (text, "Expect", "100-continue");
  for (guint i = 0; i < REGIA_PASSED_N; i++)
    append_field (text, passed_names[i], request->passed[i]);
  append_field (text, REGIA_REQUEST_CLIENT, client);
  if (proxied) {
    append_field (text, "X-Forwarded-For", client);
    append_field (text, "X-Forwarded-Proto", request->forwarded_proto);
  }
  append_field (text, "X-Regia-Viewer", request->viewer);
  if (request->websocket_key != NULL) {
    append_field (text, "Upgrade", "websocket");
    append_field (text, "Connection", "Upgrade");
    append_field (text, "Sec-WebSocket-Version", "13");
    append_field (text, "Sec-WebSocket-Key", request->websocket_key);
  } else if (last) {
    append_field (text, "Connection", "close");
  }
  g_string_append (text, "\r\n");
  return g_string_free (text, FALSE);
}
