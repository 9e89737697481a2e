package org.example.luggage;

import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(name = "luggage", mixinStandardHelpOptions = true, version = "luggage 1.0")
public class Luggage implements Callable<Integer> {
    @Parameters(description = "Weights in kilograms")
    double[] weights = {};

    public static void main(String[] args) {
        System.exit(new CommandLine(new Luggage()).execute(args));
    }

    @Override
    public Integer call() {
        double sum = 0;
        for (double weight : weights) {
            sum += weight;
        }
        System.out.println("total " + sum + (sum > 23 ? " kg, too heavy" : " kg"));
        return sum > 23 ? 3 : 0;
    }
}
