Gem::Specification.new do |spec|
  spec.name = 'checksum'
  spec.version = '0.2.0'
  spec.summary = 'Adler-32 by zlib'
  spec.authors = ['Ada']
  spec.license = 'MIT'
  spec.files = Dir['lib/**/*.rb', 'ext/**/*.{c,rb}']
  spec.extensions = ['ext/checksum/extconf.rb']
end
