require 'mkmf'
abort 'zlib is missing' unless have_library('z', 'adler32', 'zlib.h')
create_makefile 'checksum/checksum'
