"""The namespaces of OpenDocument's elements and attributes, in the form that lxml puts before a name."""

from lxml.etree import Element

# It takes the place of an element that a file does not have: it is empty.
NOTHING = Element("nothing")
_URN = "{{urn:oasis:names:tc:opendocument:xmlns:{}:1.0}}"
OFFICE = _URN.format("office")
STYLE = _URN.format("style")
TEXT = _URN.format("text")
TABLE = _URN.format("table")
DRAW = _URN.format("drawing")
SHOW = _URN.format("presentation")
META = _URN.format("meta")
MANIFEST = _URN.format("manifest")
FO = _URN.format("xsl-fo-compatible")
SVG = _URN.format("svg-compatible")
DC = "{http://purl.org/dc/elements/1.1/}"
LOEXT = "{urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0}"
CALCEXT = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}"
