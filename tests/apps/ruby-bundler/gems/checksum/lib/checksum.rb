require 'checksum/checksum'
