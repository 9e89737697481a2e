require 'mkmf'
create_makefile 'mass'
