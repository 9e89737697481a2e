<?php

namespace DevProbe;

final class Probe
{
}
