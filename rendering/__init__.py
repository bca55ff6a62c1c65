"""What people look at: pictures as SVG text, pieces of HTML, one style sheet, text for a terminal."""
