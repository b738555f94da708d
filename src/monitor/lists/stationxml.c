/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Lists of stations in XML: XSPF, and OPML as directories of radio stations have. */

#include "stationlistprivate.h"

#include <libxml/parser.h>
#include <string.h>

/* Neither the net nor another file is looked at, and no entity is replaced with what a
 * list has defined; the library's limits of depth and size stay. */
#define XML_OPTIONS                                                            \
  (XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |                 \
      XML_PARSE_NOCDATA | XML_PARSE_BIG_LINES)

G_DEFINE_AUTOPTR_CLEANUP_FUNC (xmlDoc, xmlFreeDoc)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (xmlParserCtxt, xmlFreeParserCtxt)

/* Bytes of one tag: the library compares each of its attributes with each, which of
 * many takes hours. */
#define TAG_LIMIT 16384

/* Parsing */

/* What the library prints in spite of XML_PARSE_NOERROR, about encodings. */
static void
ignore (G_GNUC_UNUSED void *data, G_GNUC_UNUSED const char *format, ...)
{
}

/* NULL with @error set. */
static xmlDoc *
parse (const char *text, gsize size, const char *encoding, GError **error)
{
  g_autoptr (xmlParserCtxt) context = xmlNewParserCtxt ();
  xmlDoc *document;
  const xmlError *fault;
  g_autofree char *why = NULL;

  xmlSetGenericErrorFunc (NULL, ignore);
  document = xmlCtxtReadMemory (
      context, text, size, NULL, encoding, XML_OPTIONS);
  xmlSetGenericErrorFunc (NULL, NULL);
  fault = xmlCtxtGetLastError (context);
  if (document)
    return document;
  why = station_clean_text (
      fault && fault->message ? fault->message : "it cannot be read", 200);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
      "It is malformed XML; line %d: %s", fault ? fault->line : 0, why);
  return NULL;
}

/* Whether "&" begins one of XML's own entities. */
static gboolean
is_entity (const char *text)
{
  static const char *const entities[] = { "&amp;", "&lt;", "&gt;", "&quot;",
    "&apos;", "&#", NULL };

  for (gsize i = 0; entities[i]; i++)
    if (g_str_has_prefix (text, entities[i]))
      return TRUE;
  return FALSE;
}

/* Makes XML of what was written as if it were text: "&" in URLs, control
 * characters. */
static char *
repair (const char *text)
{
  GString *repaired = g_string_sized_new (strlen (text));

  for (; *text; text++) {
    if (*text == '&' && !is_entity (text))
      g_string_append (repaired, "&amp;");
    else if (g_ascii_iscntrl (*text) && !strchr ("\t\n\r", *text))
      g_string_append_c (repaired, ' ');
    else
      g_string_append_c (repaired, *text);
  }
  return g_string_free (repaired, FALSE);
}

/* Parses it as well as it can be.  NULL with @error set. */
static xmlDoc *
parse_leniently (
    const char *text, gsize size, const char *encoding, GError **error)
{
  g_autofree char *repaired = NULL;
  xmlDoc *document = parse (text, size, encoding, error);

  if (document)
    return document;
  repaired = repair (text);
  size = strlen (repaired);
  /* the error that is told is that of the list as it is */
  document = parse (repaired, size, encoding, NULL);
  if (!document) {
    g_autofree char *decoded = stationlist_decode (repaired, size);

    document = parse (decoded, strlen (decoded), "UTF-8", NULL);
  }
  if (document)
    g_clear_error (error);
  return document;
}

static gboolean
has_long_tag (const char *text)
{
  while ((text = strchr (text, '<'))) {
    gsize length = strcspn (text, ">");

    if (length > TAG_LIMIT)
      return TRUE;
    text += length;
  }
  return FALSE;
}

/* Nodes */

static gboolean
is_element (const xmlNode *node, const char *name)
{
  return node->type == XML_ELEMENT_NODE &&
      !g_ascii_strcasecmp ((const char *) node->name, name);
}

/* The next node in the order of the text, or NULL. */
static xmlNode *
get_next (xmlNode *node)
{
  if (node->children && node->type == XML_ELEMENT_NODE)
    return node->children;
  while (node && !node->next)
    node = node->parent;
  return node ? node->next : NULL;
}

/* (transfer full): a copy that g_free() takes. */
static char *
take_string (xmlChar *string)
{
  char *copy = g_strdup ((char *) string);

  xmlFree (string);
  return copy;
}

static gboolean
is_blank (const char *text)
{
  return !text || !text[strspn (text, " \t\r\n")];
}

/* XSPF */

/* (transfer full) (nullable): the text of the first such child that has some. */
static char *
get_child (xmlNode *parent, const char *name)
{
  for (xmlNode *node = parent->children; node; node = node->next) {
    char *text;

    if (!is_element (node, name))
      continue;
    text = take_string (xmlNodeGetContent (node));
    if (!is_blank (text))
      return text;
    g_free (text);
  }
  return NULL;
}

static void
read_xspf (StationListReader *reader, xmlNode *root)
{
  for (xmlNode *node = root; node; node = get_next (node)) {
    g_autofree char *location = NULL, *title = NULL;

    if (!is_element (node, "track"))
      continue;
    location = get_child (node, "location");
    title = get_child (node, "title");
    if (location)
      stationlist_reader_add (
          reader, REFERENCE_URI, location, title, xmlGetLineNo (node));
  }
}

/* OPML */

/* (transfer full) (nullable): the value of an attribute, in whatever case it is
 * written. */
static char *
get_attribute (xmlNode *node, const char *name)
{
  for (xmlAttr *attribute = node->properties; attribute;
       attribute = attribute->next) {
    char *value;

    if (g_ascii_strcasecmp ((const char *) attribute->name, name))
      continue;
    value = take_string (
        xmlNodeListGetString (node->doc, attribute->children, 1));
    if (!is_blank (value))
      return value;
    g_free (value);
  }
  return NULL;
}

/* (transfer full) (nullable): the first of the attributes that is there. */
static char *
get_first_attribute (xmlNode *node, const char *const *names)
{
  char *value = NULL;

  for (; *names && !value; names++)
    value = get_attribute (node, *names);
  return value;
}

/* Gives the number of other lists that it points at. */
static guint
read_opml (StationListReader *reader, xmlNode *root)
{
  static const char *const urls[] = { "url", "xmlUrl", NULL };
  static const char *const names[] = { "text", "title", "name", NULL };
  guint n_links = 0;

  for (xmlNode *node = root; node; node = get_next (node)) {
    g_autofree char *url = NULL, *name = NULL, *type = NULL;

    if (!is_element (node, "outline"))
      continue;
    url = get_first_attribute (node, urls);
    type = get_attribute (node, "type");
    if (!url)
      continue;
    if (type &&
        (!g_ascii_strcasecmp (type, "link") ||
            !g_ascii_strcasecmp (type, "include"))) {
      n_links++;
      continue;
    }
    name = get_first_attribute (node, names);
    stationlist_reader_add (
        reader, REFERENCE_URI, url, name, xmlGetLineNo (node));
  }
  return n_links;
}

gboolean
stationlist_read_xml (StationListReader *reader, const char *text, gsize size,
    const char *encoding, GError **error)
{
  g_autoptr (xmlDoc) document = NULL;
  xmlNode *root;
  guint n_links = 0;

  if (has_long_tag (text)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        "It is XML with a tag of more than %d bytes", TAG_LIMIT);
    return FALSE;
  }
  document = parse_leniently (text, size, encoding, error);
  if (!document)
    return FALSE;
  root = xmlDocGetRootElement (document);
  /* none of the formats has any; where they were replaced, a short list could be
   * very long */
  if (document->intSubset && document->intSubset->entities) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        "It defines entities of XML, which a list of stations has no need of");
    return FALSE;
  }
  if (root && is_element (root, "playlist")) {
    read_xspf (reader, root);
  } else if (root && is_element (root, "opml")) {
    n_links = read_opml (reader, root);
  } else {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        "It is XML, but neither XSPF nor OPML");
    return FALSE;
  }
  if (n_links > 0 && reader->entries->len == 0 && reader->n_skipped == 0) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        "It has no station, but links to other lists");
    return FALSE;
  }
  return TRUE;
}
