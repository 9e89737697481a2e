package org.example.hoist;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RestController;

@SpringBootApplication
@RestController
public class HoistApplication {

    private final Path store = Path.of("/opt/hoist/store");

    public static void main(String[] args) {
        SpringApplication.run(HoistApplication.class, args);
    }

    @GetMapping("/loads/{name}")
    public String get(@PathVariable String name) throws Exception {
        return Files.readString(store.resolve(name));
    }

    @PutMapping("/loads/{name}/{load}")
    public void put(@PathVariable String name, @PathVariable String load) throws Exception {
        Files.createDirectories(store);
        Files.writeString(store.resolve(name), load);
    }

    @GetMapping("/noon/{area}/{city}")
    public String noon(@PathVariable String area, @PathVariable String city) {
        return Instant.parse("2024-07-01T12:00:00Z").atZone(ZoneId.of(area + "/" + city)).toString();
    }
}
