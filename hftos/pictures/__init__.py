"""Pages that need nothing else: pictures as SVG text, pieces of HTML, one style sheet. Reports are made of them."""
