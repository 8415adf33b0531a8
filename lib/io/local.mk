# *_members: files that export a layout_file_NAME list; the kind's table is generated from this list.
layout_members =
io_sources = $(layout_members) 
