<?php

namespace Greeting;

final class Greeting
{
    public static function of(string $locale, float $kilograms): string
    {
        $number = (new \NumberFormatter($locale, \NumberFormatter::DECIMAL))->format($kilograms);
        return "Your parcel weighs $number kg";
    }
}
