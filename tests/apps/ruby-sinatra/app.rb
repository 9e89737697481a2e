require 'sinatra/base'
require 'json'
require 'mass'

class Scales < Sinatra::Base
  set :bind, '0.0.0.0'
  set :port, ENV.fetch('PORT', 4567)
  set :server, 'puma'
  set :environment, :production

  get '/pounds/:kilograms' do
    content_type :json
    { pounds: Mass.pounds(params[:kilograms].to_f).round(2) }.to_json
  end

  get '/' do
    erb :index
  end

  run! if app_file == $PROGRAM_NAME
end
