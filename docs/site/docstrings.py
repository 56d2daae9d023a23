"""Makes the site show the examples of docstrings as code."""

import re
from typing import Any

import griffe


class Examples(griffe.Extension):
    """Griffe knows a section ``Examples:``; the docstrings of tfft have one ``Example:``, as the Google style guide writes it."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rename the section of one object.

        Args:
            obj: A module, class, function or attribute.
        """
        if obj.docstring is not None:
            obj.docstring.value = re.sub(r"^(\s*)Example:$", r"\1Examples:", obj.docstring.value, flags=re.MULTILINE)
